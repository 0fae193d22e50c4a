import { parseArgs } from 'node:util';

export interface Arguments {
  seconds: number;
  seed: number;
  processes: number;
  patienceMs: number;
  isHelp: boolean;
}

/** The command line makes no sense. */
export class UsageError extends Error {}

export const USAGE = `Usage: npm run soak -- [--minutes N] [--seed S] [--processes N] [--patience N]

  --minutes N    how long, may be a fraction (default: 30)
  --seed S       repeats the choices of a run; their order in time differs (default: at random, and printed)
  --processes N  how many processes, 2 to 16 (default: 4); the first is never killed
  --patience N   how many seconds an operation may take before it counts as hanging (default: 90)
`;

const options = {
  minutes: { type: 'string', default: '30' },
  seed: { type: 'string' },
  processes: { type: 'string', default: '4' },
  patience: { type: 'string', default: '90' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export function parseArguments(args: readonly string[]): Arguments {
  const { minutes, seed, processes, patience, help } = parse(args);
  return {
    seconds: toNumber('--minutes', minutes, /^\d+(\.\d+)?$/, 0.05, 100_000) * 60,
    seed: seed === undefined ? Math.floor(Math.random() * 2 ** 31) : toNumber('--seed', seed, /^\d+$/, 0, 2 ** 32 - 1),
    processes: toNumber('--processes', processes, /^\d+$/, 2, 16),
    patienceMs: toNumber('--patience', patience, /^\d+$/, 1, 3600) * 1000,
    isHelp: help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function toNumber(name: string, text: string, form: RegExp, least: number, most: number): number {
  const value = form.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`${name} is '${text}', which is not a number from ${least} to ${most}`);
}
