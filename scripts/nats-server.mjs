// Finds nats-server on the PATH, or takes it out of Debian's package into out/tools/, which needs no root. Run as a program, it
// prints the path, or why there is none.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from './run.mjs';

const tools = join(root, 'out', 'tools');
const installed = join(tools, 'nats-server');
const program = join('usr', 'sbin', 'nats-server');
/** Without a network apt-get would try for minutes. */
const APT = ['-q', '-o', 'Acquire::Retries=0', '-o', 'Acquire::http::Timeout=10', '-o', 'APT::Sandbox::User=root'];

/** The path of nats-server. If there is none and it cannot be fetched, throws with the reason. */
export function findNatsServer() {
  return onPath() ?? fetched() ?? fetch();
}

function onPath() {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'].filter(Boolean);
  return folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path));
}

function fetched() {
  const path = join(installed, program);
  return existsSync(path) ? path : undefined;
}

function fetch() {
  mkdirSync(tools, { recursive: true });
  const folder = mkdtempSync(`${installed}.`);
  try {
    download(folder);
    const archive = readdirSync(folder).find((name) => name.endsWith('.deb'));
    if (archive === undefined) throw new Error('apt-get download has left no package');
    execute('dpkg', ['-x', archive, 'unpacked'], folder);
    // Another run may have been faster.
    if (!fetched()) renameSync(join(folder, 'unpacked'), installed);
    return join(installed, program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function download(folder) {
  try {
    execute('apt-get', [...APT, 'download', 'nats-server'], folder);
  } catch (error) {
    if (process.getuid?.() !== 0) throw error;
    execute('apt-get', [...APT, 'update'], folder);
    execute('apt-get', [...APT, 'download', 'nats-server'], folder);
  }
}

/** @param {string} command @param {string[]} args @param {string} cwd */
function execute(command, args, cwd) {
  const { status, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status === 0) return;
  const lines = (error?.message ?? stderr).trim().split('\n');
  throw new Error(`${command} ${args.at(-2)} ${args.at(-1)}: ${lines.at(-1)}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    console.log(findNatsServer());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
