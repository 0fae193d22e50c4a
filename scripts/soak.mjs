// npm run soak: see CONTRIBUTING.md. This script outlives the soak that it runs, so that a last line is printed in any case.
import { run } from './run.mjs';

const built = run(process.execPath, ['scripts/build-if-stale.mjs']);
if (built !== 0) process.exit(built);

// The soak gets these signals, too, and prints its last line.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
const code = run(process.execPath, ['out/js/soak/main.js', ...process.argv.slice(2)]);
if (code > 1) console.log(`soak: ended with code ${code}`);
process.exitCode = code;
