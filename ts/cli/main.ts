#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { VmoError } from '../errors.js';
import { log } from '../log.js';
import { runAgent } from './agent.js';
import { parseCommandLine, USAGE } from './command-line.js';
import { doctor } from './doctor.js';
import { top } from './top/top.js';

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

async function run(args: string[]): Promise<string> {
  const line = parseCommandLine(args);
  log.cli('%o', line);
  switch (line.command) {
    case 'help':
      return USAGE;
    case 'version':
      return `${readVersion()}\n`;
    case 'doctor':
      return doctor(line.isJson);
    case 'top':
      return top(line);
  }
}

/** The reader of the output may stop before the end, as `head` does. */
function endQuietly({ code }: NodeJS.ErrnoException): void {
  process.exit(code === 'EPIPE' ? 0 : 1);
}

try {
  process.stdout.on('error', endQuietly);
  const [command, ...rest] = process.argv.slice(2);
  if (command === 'agent') await runAgent(rest);
  else process.stdout.write(await run(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const isUsage = error instanceof TypeError;
  process.stderr.write(`vmoffer: ${error instanceof VmoError ? `${error.code}: ` : ''}${error.message}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
