/** Renders the output of a soak. */
import Table from 'cli-table3';
import { COUNTERS, type Counter } from './burden.js';
import { BOUNDS, growthOf, isBytes, type Growth } from './growth.js';
import type { Member } from './member.js';

function quantity(counter: Counter, value: number): string {
  return isBytes(counter) ? `${(value / 2 ** 20).toFixed(1)} MiB` : value.toFixed(value % 1 === 0 ? 0 : 1);
}

/** One line for each live process. */
export function burdensOf(members: readonly Member[]): string {
  return members
    .flatMap((member) => {
      const sample = member.samples.at(-1);
      if (!sample) return [];
      const counts = COUNTERS.map((counter) => `${counter} ${quantity(counter, sample.burden[counter])}`);
      return [`  ${member.title}: ${sample.operations} operations, ${counts.join(', ')}`];
    })
    .join('\n');
}

/** Growth per million operations, of the processes that have lived long enough to tell. */
export function growthTable(members: readonly Member[]): string {
  const table = new Table({ head: ['growth per million', 'operations', ...COUNTERS], style: { head: [], border: [] } });
  for (const member of members) {
    const growth = growthOf(member.samples);
    if (growth.length === 0) continue;
    table.push([member.name, member.operations, ...growth.map((each) => quantity(each.counter, each.perMillion))]);
  }
  table.push(['bound', '', ...COUNTERS.map((counter) => quantity(counter, BOUNDS[counter].perMillion))]);
  return table.toString();
}

export function excesses(members: readonly Member[]): string[] {
  return members.flatMap((member) =>
    growthOf(member.samples)
      .filter(({ isTooMuch }) => isTooMuch)
      .map((growth) => describe(member, growth)),
  );
}

function describe(member: Member, { counter, perMillion, rise }: Growth): string {
  const sizes = member.samples.map(({ burden }) => quantity(counter, burden[counter])).join(', ');
  const kinds = counter === 'descriptors' ? `\n  it has ${member.descriptors}` : '';
  return `${counter} of ${member.title} grow by ${quantity(counter, perMillion)} per million operations, by ${quantity(counter, rise)} so far: ${sizes}${kinds}`;
}

/** How often the live processes have done each kind of operation. */
export function doneTable(members: readonly Member[]): string {
  const sums = new Map<string, number>();
  for (const { done } of members) for (const [what, times] of done) sums.set(what, (sums.get(what) ?? 0) + times);
  return [...sums]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([what, times]) => `${times} × ${what}`)
    .join(', ');
}
