// npm run test:tsan: runs the engine's threads (spec/engine/threads.cc), without Node, under ThreadSanitizer.
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { listSources } from './list-sources.mjs';
import { root, run } from './run.mjs';

process.chdir(root);
const program = join('spec', 'engine', 'threads.cc');
if (!existsSync(program)) {
  console.error(`test:tsan: ${program} is missing; it is the program that drives the engine's threads`);
  process.exit(1);
}

const folder = join('build', 'tsan');
mkdirSync(folder, { recursive: true });
const flags = [
  '-std=gnu++20',
  '-O1',
  '-g',
  '-fsanitize=thread',
  '-fno-exceptions',
  '-fno-rtti',
  '-fno-omit-frame-pointer',
];
flags.push('-Wall', '-Wextra', '-Werror', '-DVMO_PROBE=1', '-pthread', '-I.');

const headers = [...listSources('engine', /\.h$/), ...listSources('spec/engine', /\.h$/)];
const newestHeader = Math.max(0, ...headers.map((path) => statSync(path).mtimeMs));

function isCurrent(object, source) {
  if (!existsSync(object)) return false;
  return statSync(object).mtimeMs > Math.max(statSync(source).mtimeMs, newestHeader);
}

const objects = [...listSources('engine'), program].map((source) => {
  const object = join(folder, source.replaceAll('/', '-').replace(/\.cc$/, '.o'));
  if (!isCurrent(object, source)) {
    console.log(`compiling ${source}`);
    const code = run('g++', [...flags, '-c', source, '-o', object]);
    if (code !== 0) process.exit(code);
  }
  return object;
});

const binary = join(folder, 'threads');
const linked = run('g++', ['-fsanitize=thread', '-pthread', ...objects, '-o', binary, '-ldl']);
if (linked !== 0) process.exit(linked);

// TSan's shadow memory needs an address layout without much randomisation.
const code = run('setarch', ['-R', join('.', binary), ...process.argv.slice(2)], { TSAN_OPTIONS: 'halt_on_error=1' });
console.log(code === 0 ? 'test:tsan: passed' : `test:tsan: FAILED with exit code ${code}`);
process.exitCode = code;
