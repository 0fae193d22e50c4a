import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Effort } from './effort.js';

export interface Arguments {
  /** Empty: all. */
  names: readonly string[];
  effort: Effort;
  /** The folder of results and pictures. */
  folder: string;
  isShow: boolean;
  isDocument: boolean;
  isHelp: boolean;
}

/** The command line makes no sense. */
export class UsageError extends Error {}

const RESULTS = join('bench', 'results');
/** A folder of its own: figures that mean nothing must not replace those that do. */
const QUICK_RESULTS = join('out', 'bench', 'quick');

export const OPTIONS_HELP = `  --rounds N        so many rounds, instead of each bench's own number
  --quick           next to nothing, to see that it works: the figures mean nothing
  --results FOLDER  where results and pictures go (default: ${RESULTS}; with --quick: ${QUICK_RESULTS})
  --show            measures nothing: shows the table of what is in that folder
  --document        measures nothing: keeps what is there in docs/bench and in the tables of docs/performance.md
`;

const options = {
  quick: { type: 'boolean', default: false },
  rounds: { type: 'string' },
  results: { type: 'string' },
  show: { type: 'boolean', default: false },
  document: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export function parseArguments(args: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals: names } = parse(args);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new UsageError(`there is no bench '${unknown}'`);
  return {
    names,
    effort: new Effort({ isQuick: values.quick, rounds: toRounds(values.rounds) }),
    folder: values.results ?? (values.quick ? QUICK_RESULTS : RESULTS),
    isShow: values.show,
    isDocument: values.document,
    isHelp: values.help,
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function toRounds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`--rounds is '${text}', which is not a number of 1 or more`);
  return Number(text);
}
