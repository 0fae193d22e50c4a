/** npm start [-- FILE | remote]: two processes that know only a pid of each other, and hand memory to each other. */
import { resolve } from 'node:path';
import { offerFile, offerGigabyte } from './bytes-source.js';
import { Failure, runProgram } from './failure.js';
import { disownGigabyte } from './hand-off-source.js';
import { showRemote } from './remote/remote.js';
import { supplyFiles } from './supplied/supplied-source.js';
import { offerTable } from './table-source.js';

async function main(): Promise<void> {
  const [path, ...rest] = process.argv.slice(2);
  if (rest.length > 0) throw new Failure('give one file, or remote, or nothing: npm start [-- FILE]');
  console.log(`vmoffer: one process offers its memory to another one by pid, and the other claims it.
Pages arrive when they are touched. I am process ${process.pid}, the source.`);
  if (path === undefined) {
    await offerTable();
    await offerGigabyte();
    await disownGigabyte();
    await supplyFiles();
  } else if (path === 'remote') {
    await showRemote();
  } else {
    // npm changes to the package's folder, but the path is relative to the user's.
    await offerFile(resolve(process.env['INIT_CWD'] ?? '.', path));
  }
  console.log('\nEvery byte was checked, and all is right.');
}

await runProgram(main);
