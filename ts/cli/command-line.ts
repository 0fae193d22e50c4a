import { parseArgs } from 'node:util';

export const USAGE = `Usage: vmoffer <command> [options]

Commands:
  doctor   what this kernel, container and process allow, and what to do about each 'no'
  top      which claims the processes here hold, where they are resident, and what arrives
  agent    carries offers between hosts, if the package vmoffer-cluster is installed; see agent --help

Options:
  --json                print JSON
  --once                top: print what happens in one interval, and end; so it does where the output is no terminal
  --interval SECONDS    top: how often to look, from 0.1 on; 1 if not given
  --help                print this
  --version             print the version

Exit codes: 0 done, 1 it failed, 2 the command line is wrong.
`;

const MIN_INTERVAL = 0.1;
/** In seconds. A timer of Node.js goes no further. */
const MAX_INTERVAL = 2_000_000;

export type CommandLine =
  | { command: 'help' | 'version' }
  | { command: 'doctor'; isJson: boolean }
  | { command: 'top'; isJson: boolean; isOnce: boolean; intervalMs: number };

/** @throws {TypeError} whose message says what is wrong. */
export function parseCommandLine(args: string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      once: { type: 'boolean' },
      interval: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean' },
    },
  });
  if (values.help) return { command: 'help' };
  if (values.version) return { command: 'version' };
  const { json: isJson, once, interval } = values;
  switch (positionals.join(' ')) {
    case 'doctor':
      refuseOthers('doctor', { once, interval });
      return { command: 'doctor', isJson };
    case 'top':
      return { command: 'top', isJson, isOnce: once ?? false, intervalMs: parseInterval(interval ?? '1') };
    case '':
      throw new TypeError(`which command?\n\n${USAGE}`);
    default:
      throw new TypeError(`not a command: '${positionals.join(' ')}'\n\n${USAGE}`);
  }
}

function refuseOthers(command: string, options: Record<string, unknown>): void {
  const [given] = Object.keys(options).filter((name) => options[name] !== undefined);
  if (given !== undefined) throw new TypeError(`'--${given}' is not an option of ${command}\n\n${USAGE}`);
}

function parseInterval(text: string): number {
  const seconds = Number(text);
  if (text.trim() === '' || !(seconds >= MIN_INTERVAL && seconds <= MAX_INTERVAL)) {
    throw new TypeError(`'--interval' wants seconds, from ${MIN_INTERVAL} on; '${text}' are none\n\n${USAGE}`);
  }
  return seconds * 1000;
}
