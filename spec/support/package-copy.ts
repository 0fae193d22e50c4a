/** A second copy of the built package, as another dependency of the same program could have. */
import { cpSync, chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { projectRoot } from './project.js';

const ADDON = join(
  'build',
  process.env['VMOFFER_BUILD'] ?? 'Release',
  `${process.env['VMOFFER_ADDON'] ?? 'vmoffer'}.node`,
);

export class PackageCopy implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'vmoffer-copy-'));

  constructor() {
    chmodSync(this.#folder, 0o755);
    mkdirSync(join(this.#folder, dirname(ADDON)), { recursive: true });
    for (const path of ['package.json', 'dist', ADDON]) {
      cpSync(join(projectRoot, path), join(this.#folder, path), { recursive: true });
    }
    symlinkSync(join(projectRoot, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** What to import. */
  get url(): string {
    return pathToFileURL(join(this.#folder, 'dist', 'index.js')).href;
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
