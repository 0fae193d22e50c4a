#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { VmoError } from '../errors.js';
import { doctor } from './doctor.js';

const USAGE = `Usage: vmoffer <command> [--json]

Commands:
  doctor   what this kernel, container and process allow, and what to do about each 'no'

Options:
  --json      print JSON
  --help      print this
  --version   print the version

Exit codes: 0 done, 1 it failed, 2 the command line is wrong.
`;

const commands: Record<string, (isJson: boolean) => string> = { doctor };

function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function main(args: string[]): string {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' }, version: { type: 'boolean' } },
  });
  if (values.help) return USAGE;
  if (values.version) return `${readVersion()}\n`;
  if (positionals.length === 0) throw new TypeError(`which command?\n\n${USAGE}`);
  const [name = '', ...rest] = positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command || rest.length > 0) throw new TypeError(`not a command: '${positionals.join(' ')}'\n\n${USAGE}`);
  return command(values.json ?? false);
}

try {
  process.stdout.write(main(process.argv.slice(2)));
} catch (error) {
  if (!(error instanceof Error)) throw error;
  const isUsage = error instanceof TypeError;
  process.stderr.write(`vmoffer: ${error instanceof VmoError ? `${error.code}: ` : ''}${error.message}\n`);
  process.exitCode = isUsage ? 2 : 1;
}
