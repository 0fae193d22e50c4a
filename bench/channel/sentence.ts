/** The answer to the question of 2009, in one sentence. */
import type { Samples } from '../comparison.js';
import { median } from '../statistics.js';
import { MESSAGE_BYTES, nameOf } from './contestants.js';

export function sentence(rates: Samples): string {
  if (!rates.has(nameOf('one-way', MESSAGE_BYTES, 'apart', 'Channel, send')))
    return 'one core is not enough to compare';
  const took = (way: string) => nanosecondsOf(rates, nameOf('one-way', MESSAGE_BYTES, 'apart', way));
  return `a ${MESSAGE_BYTES}-byte message takes ${took('Channel, send')} ns here, writing it to a UNIX socket ${took('C stream')} ns, same machine, same run`;
}

function nanosecondsOf(rates: Samples, name: string): string {
  return (1e9 / median([...(rates.get(name) ?? [])])).toFixed(0);
}
