/** One round trip each millisecond. A side that waits that long should sleep, and still answer in time. */
import { fileURLToPath } from 'node:url';
import { MESSAGE_BYTES, USUAL_SLOTS } from './contestants.js';
import { takeRun } from './measure-run.js';
import type { PacedUse } from './paced-first.js';
import type { Cores } from './placement.js';
import type { NodeWayName } from './ways.js';

const PROGRAM = fileURLToPath(new URL('paced-first.js', import.meta.url));
const PAUSE_MS = 1;

export const PACED_WAYS = ['Channel, for await', 'net'] as const satisfies readonly NodeWayName[];
export const PACED_FIGURES = ['p50', 'p99', 'CPU time'] as const;

type Figure = (typeof PACED_FIGURES)[number];

export function pacedName(way: string, figure: Figure): string {
  return `${way}: ${MESSAGE_BYTES} B, a round trip a millisecond, ${figure}`;
}

export async function measurePaced(
  way: NodeWayName,
  { count, cores, pinProgram }: { count: number; cores: Cores; pinProgram: string },
): Promise<Record<string, number>> {
  const warmUp = count / 4;
  const run = { kind: 'ping-pong', way, byteLength: MESSAGE_BYTES, warmUp, count, slots: USUAL_SLOTS, cores } as const;
  const { p50, p99, cpu } = await takeRun<PacedUse>(PROGRAM, { ...run, pinProgram, pauseMs: PAUSE_MS });
  return { [pacedName(way, 'p50')]: p50, [pacedName(way, 'p99')]: p99, [pacedName(way, 'CPU time')]: cpu };
}
