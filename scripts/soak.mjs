// npm run soak: see CONTRIBUTING.md. It outlives what it runs, so that there is a last word whatever becomes of that.
import { run } from './run.mjs';

const built = run(process.execPath, ['scripts/build-if-stale.mjs']);
if (built !== 0) process.exit(built);

// What ends a run reaches the soak as well, which then says its last word.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
const code = run(process.execPath, ['out/js/soak/main.js', ...process.argv.slice(2)]);
if (code > 1) console.log(`soak: ended with code ${code}`);
process.exitCode = code;
