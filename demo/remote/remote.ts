/** npm start -- remote: two hosts, one of which reads a column of the other's table, and is handed a gigabyte. */
import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expectSame, Failure } from '../failure.js';
import { count, megabytes } from '../say.js';
import type { ClaimerSays } from './remote-claimer.js';
import type { SourceSays } from './remote-source.js';
import { TwoHosts } from './two-hosts.js';

const PORT = 4222;
/** What a column may cost: its bytes, the units at its ends, and read-ahead. */
const MOST_SHARE = 1.2;

export async function showRemote(): Promise<void> {
  await using hosts = TwoHosts.make();
  const folder = mkdtempSync(join(tmpdir(), 'vmoffer-nats-'));
  try {
    startServer(hosts, folder);
    await readAndHandOff(hosts);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function startServer(hosts: TwoHosts, folder: string): void {
  const script = fileURLToPath(new URL('../../../../scripts/nats-server.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
  if (status !== 0) throw new Failure(`there is no nats-server: ${stderr.trim()}`);
  hosts.startCommand('a', stdout.trim(), ['-a', '0.0.0.0', '-p', String(PORT), '-js', '-sd', folder]);
  console.log(`Two network namespaces, with a cable between them. A NATS server runs in the first one.\n`);
}

async function readAndHandOff(hosts: TwoHosts): Promise<void> {
  const server = `nats://${hosts.addressOf('a')}:${PORT}`;
  const source = hosts.start('a', 'remote-source', [server]);
  const table = await said<SourceSays, 'table'>(source, 'table');
  const claimer = hosts.start('b', 'remote-claimer', [server]);
  await said<ClaimerSays, 'joined'>(claimer, 'joined');
  const before = hosts.bytesInto('b');
  source.send('offer the table');
  const column = await said<ClaimerSays, 'column'>(claimer, 'column');
  const crossed = hosts.bytesInto('b') - before;
  expectSame('the sum of the column', column.sum, table.sum);
  console.log(
    `  ${megabytes(crossed)} have crossed the cable, for a column of ${megabytes(table.columnBytes)} in a table of ${megabytes(table.byteLength)}.\n`,
  );
  if (crossed > MOST_SHARE * table.columnBytes) throw new Failure('that is more than 1.2 times the column.');
  source.send('hand off');
  const given = await said<SourceSays, 'handed off'>(source, 'handed off');
  const taken = await said<ClaimerSays, 'taken'>(claimer, 'taken');
  expectSame('the checksum', taken.checksum, given.checksum);
  console.log(
    `\n  The gigabyte took ${count(Math.round(taken.ms))} ms, and its checksum ${taken.checksum} is the same on both hosts.`,
  );
  for (const program of [claimer, source]) {
    const ended = once(program, 'exit');
    program.disconnect();
    await ended;
  }
}

/** What a program says under this name. Rejects if it ends before. */
async function said<Says, Name extends keyof Says & string>(child: ChildProcess, name: Name): Promise<Says[Name]> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: unknown) => {
      const [which, value] = message as [string, Says[Name]];
      if (which === name)
        finish(() => {
          resolve(value);
        });
    };
    const onExit = (code: number | null, signal: string | null) => {
      finish(() => {
        reject(new Failure(`a program ended with ${signal ?? `exit code ${code}`}.`));
      });
    };
    const finish = (settle: () => void) => {
      child.off('message', onMessage).off('exit', onExit);
      settle();
    };
    child.on('message', onMessage).on('exit', onExit);
  });
}
