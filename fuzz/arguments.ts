import { parseArgs } from 'node:util';

export interface FuzzArguments {
  seconds: number;
  seed: number;
  /** Runs only this batch, to repeat a failure. */
  batch: number | undefined;
}

export function parseFuzzArguments(args: readonly string[]): FuzzArguments {
  const { values } = parseArgs({
    args: [...args],
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' }, batch: { type: 'string' } },
  });
  return {
    seconds: Number(values.seconds),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed),
    batch: values.batch === undefined ? undefined : Number(values.batch),
  };
}
