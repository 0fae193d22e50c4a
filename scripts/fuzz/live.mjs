// Runs the targets that are processes with the whole library in them: fuzz/broker.ts, fuzz/rings.ts.
import { run } from '../run.mjs';
import { sanitized } from '../sanitizers.mjs';

let isBuilt = false;

/** @param {string} name @param {{ seconds: string, seed: string, batch?: string, asan: boolean }} options */
export function fuzzLive(name, { seconds, seed, batch, asan }) {
  // The sanitizer build is that of npm run test:asan.
  if (!isBuilt && !asan) {
    const code = run(process.execPath, ['scripts/build-if-stale.mjs']);
    if (code !== 0) return code;
    isBuilt = true;
  }
  const args = ['--seconds', seconds, '--seed', seed, ...(batch === undefined ? [] : ['--batch', batch])];
  const again = `npm run fuzz -- ${name}${asan ? ' --asan' : ''}`;
  return run(process.execPath, [`out/js/fuzz/${name}.js`, ...args], {
    VMOFFER_FUZZ_AGAIN: again,
    ...(asan && sanitized()),
  });
}
