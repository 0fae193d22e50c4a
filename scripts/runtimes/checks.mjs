// The checks that run on each runtime. A check resolves to a remark, or rejects.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisedLines, readMePrograms } from '../../out/js/spec/support/read-me.js';
import { root } from '../run.mjs';

/**
 * A folder like a user's: the README's programs, those of fixtures/runtimes, and vmoffer in node_modules.
 * @template T @param {(folder: string) => Promise<T>} use
 */
export async function inFolder(use) {
  const folder = mkdtempSync(join(tmpdir(), 'vmoffer-runtimes-'));
  try {
    for (const [name, code] of readMePrograms()) writeFileSync(join(folder, name), code);
    cpSync(join(root, 'out', 'js', 'fixtures', 'runtimes'), folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'vmoffer'));
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @typedef {import('./session.mjs').Session} Session */
/** @type {{ name: string, run: (session: Session) => Promise<string> }[]} */
export const CHECKS = [
  { name: 'README: one process offers, another claims', run: greet },
  { name: 'README: hand-off', run: (session) => printsWhatItPromises(session, 'hand-off.mjs') },
  { name: 'README: channel', run: (session) => printsWhatItPromises(session, 'channel.mjs') },
  { name: '`npx vmoffer doctor`', run: doctor },
  { name: '`npx vmoffer top --once`', run: top },
  { name: '`import`: claims of every kind', run: (session) => isOk(session, 'claims.js') },
  { name: '`require()`', run: (session) => isOk(session, 'require.cjs') },
  { name: 'a channel to a process that sleeps, ends, is killed', run: (session) => isOk(session, 'channel.js') },
  { name: 'worker threads', run: (session) => isOk(session, 'worker.js') },
  { name: 'garbage is given back', run: (session) => isOk(session, 'garbage.js') },
  { name: 'a buffer that a program moves', run: (session) => isOk(session, 'moves.js') },
];

async function greet(session) {
  const claimer = session.start('claimer.mjs');
  const [, program, pid] = (await claimer.line()).split(' ');
  const { code, printed } = await session.run(program, pid);
  const greeting = await claimer.line();
  claimer.kill();
  if (code !== 0 || greeting !== 'hello') throw new Error(`exit code ${code}, '${printed}', '${greeting}'`);
  return '';
}

async function printsWhatItPromises(session, program) {
  const promised = promisedLines(readMePrograms().get(program));
  const { code, printed } = await session.run(program);
  if (code !== 0 || printed !== `${promised.join('\n')}\n`)
    throw new Error(`exit code ${code}, it printed '${printed}'`);
  return '';
}

async function doctor(session) {
  const { code, printed } = await session.run(join(root, 'dist', 'cli', 'main.js'), 'doctor', '--json');
  const { list } = JSON.parse(printed);
  if (code !== 0 || list.length === 0) throw new Error(`exit code ${code}, it printed '${printed}'`);
  return '';
}

async function top(session) {
  const { code, printed } = await session.run(join(root, 'dist', 'cli', 'main.js'), 'top', '--once', '--json');
  if (code !== 0) throw new Error(`exit code ${code}, it printed '${printed}'`);
  JSON.parse(printed);
  return '';
}

/** The programs of fixtures/runtimes end with a line `ok`, which a remark may follow. */
async function isOk(session, program) {
  const { code, printed } = await session.run(program);
  const last = /^ok(?:: (.*))?$/m.exec(printed);
  if (code !== 0 || last === null) throw new Error(`exit code ${code}, it printed '${printed}'`);
  return last[1] ?? '';
}
