// npm run prebuild: makes prebuilds/linux-x64.node and prebuilds/linux-arm64.node, the binaries of a release. Arguments
// name architectures (x64, arm64). Without arguments it makes all for which there is a compiler.
import { copyFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makeAddon } from './prebuild/addon.mjs';
import { architectures, lackOf, targetOf } from './prebuild/targets.mjs';
import { root } from './run.mjs';

process.chdir(root);

const named = process.argv.slice(2);
const unknown = named.filter((arch) => !architectures.includes(arch));
if (unknown.length > 0) {
  console.error(`no such architecture: ${unknown.join(', ')}; there are ${architectures.join(', ')}`);
  process.exit(2);
}

mkdirSync('prebuilds', { recursive: true });
for (const arch of named.length > 0 ? named : architectures) {
  const target = targetOf(arch);
  const lack = lackOf(target);
  if (lack) {
    console.log(`skipped: linux-${arch} (${lack})`);
    if (named.length > 0) process.exitCode = 1;
    continue;
  }
  const path = join('prebuilds', `linux-${arch}.node`);
  // If the build fails, the package must contain no binary rather than an old one.
  rmSync(path, { force: true });
  copyFileSync(await makeAddon(target), path);
  console.log(`${path}: ${statSync(path).size} bytes`);
}
