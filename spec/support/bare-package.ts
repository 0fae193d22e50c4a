/** The built package without an addon, as if installed, for specs of how the library looks for one. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectRoot } from './project.js';

/** The addon as it is published; `npm run build:probe` makes it beside the probe. */
export const PUBLISHED_ADDON = join(projectRoot, 'build', process.env['VMOFFER_BUILD'] ?? 'Release', 'vmoffer.node');

export const PREBUILD = `prebuilds/linux-${process.arch}.node`;

/** Offers memory, claims it, and prints a byte that arrived. If it fails it prints the error and its code. */
const PROGRAM = `
import { allocate, vmClaimSync, vmOffer, VMO_GRANT_R } from 'vmoffer';
try {
  const region = allocate(65536);
  region.view()[0] = 42;
  console.log(vmClaimSync(process.pid, vmOffer(process.pid, region, VMO_GRANT_R).address).view()[0]);
} catch (error) {
  console.log(error.code + ': ' + error.message);
}
`;

export class BarePackage implements Disposable {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'vmoffer-bare-')));
  readonly folder: string;

  /** @param place where the package is, below the program's folder. Outside of `node_modules` it counts as a checkout. */
  constructor(place = 'node_modules/vmoffer') {
    this.folder = join(this.root, place);
    mkdirSync(this.folder, { recursive: true });
    for (const path of ['package.json', 'dist']) {
      cpSync(join(projectRoot, path), join(this.folder, path), { recursive: true });
    }
    mkdirSync(join(this.root, 'node_modules'), { recursive: true });
    if (place !== 'node_modules/vmoffer') symlinkSync(this.folder, join(this.root, 'node_modules', 'vmoffer'));
    const dependencies = ['debug', 'ms', 'p-queue', 'eventemitter3', 'p-timeout'];
    for (const name of dependencies) {
      cpSync(join(projectRoot, 'node_modules', name), join(this.root, 'node_modules', name), { recursive: true });
      if (place !== 'node_modules/vmoffer') this.#link(name);
    }
    writeFileSync(join(this.root, 'program.mjs'), PROGRAM);
  }

  #link(name: string): void {
    mkdirSync(join(this.folder, 'node_modules'), { recursive: true });
    symlinkSync(join(this.root, 'node_modules', name), join(this.folder, 'node_modules', name));
  }

  /** @param file below the package's folder. */
  put(file: string, contents: Buffer | string): this {
    const path = join(this.folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, contents);
    return this;
  }

  /** @param options of Node, before the program. */
  run(options: string[] = [], env: NodeJS.ProcessEnv = {}): { output: string; errors: string } {
    const { stdout, stderr } = spawnSync(process.execPath, [...options, 'program.mjs'], {
      cwd: this.root,
      encoding: 'utf8',
      env: { ...process.env, VMOFFER_ADDON: undefined, VMOFFER_BUILD: undefined, ...env },
    });
    return { output: stdout.trimEnd(), errors: stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true });
  }
}
