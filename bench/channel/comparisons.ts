/** The comparisons of the channel bench. Those with limits are targets; the others are only shown. */
import type { Comparison } from '../comparison.js';
import { DOORBELL, LINE_BYTES, MESSAGE_BYTES, nameOf, PAGE_BYTES, placementOf } from './contestants.js';
import { IDLE } from './idle.js';
import { PACED_FIGURES, pacedName } from './paced.js';
import type { Placement } from './placement.js';
import type { Kind } from './run.js';

type Limits = Pick<Comparison, 'fasterBy' | 'slowerBy'>;
type Pairing = [ours: string, peer: string, limits?: Limits];

/** In milliseconds of CPU time each second. */
const MOST_IDLE = 1;

/** Against net: the latencies that a Channel had before its sides looked before sleeping, and 1.5 times net's CPU time. */
const MOST_PACED = { p50: 1.25, p99: 1.5, 'CPU time': 1.5 };

const TARGETS: readonly Pairing[] = [
  ['Channel, send', 'C stream', { fasterBy: 5 }],
  ['Channel, for await', 'C stream', { fasterBy: 4.5 }],
  ['Channel, reserve', 'C stream', { fasterBy: 7 }],
  ['Channel, send', 'net', { fasterBy: 8 }],
  ['Channel, send', 'net, corked', { fasterBy: 3 }],
  ['Channel, send', 'zeromq', { fasterBy: 15 }],
  ['Channel, send', 'child_process', { fasterBy: 30 }],
];

const SHOWN: readonly Pairing[] = [
  ['Channel, send', 'child_process, json'],
  ['Channel, send', 'MessageChannel'],
  ['Channel, send', 'C stream, writev'],
  ['Channel, send', 'C seqpacket'],
  ['Channel, send', 'C pipe'],
  ['Channel, send', 'C ring'],
  ['Channel, reserve', 'C ring'],
  ['Channel, sendMany', 'C stream, writev'],
  ['Channel, sendMany', 'net, corked'],
  ['Channel, for await', 'net'],
  ['Channel, for await, few slots', 'Channel, for await'],
  ['Channel, send, many slots', 'Channel, send'],
  ['Channel, reserve, many slots', 'Channel, reserve'],
];

const SHOWN_SCHEDULED: readonly Pairing[] = [
  ['Channel, send', 'C stream'],
  ['Channel, send', 'net'],
  ['Channel, send', 'net, corked'],
];

const SHOWN_PAGES: readonly Pairing[] = [
  ['Channel, send', 'C stream'],
  ['Channel, reserve', 'C stream'],
  ['Channel, send', 'net'],
  ['Channel, send', 'net, corked'],
  ['Channel, reserve', 'C ring'],
];

const POLLING: readonly Pairing[] = [
  ['Channel, polling', 'C ring', { slowerBy: 1.5 }],
  ['Channel, polling', 'JavaScript ring'],
  ['JavaScript ring', 'C ring'],
];

/** Two sides that answer within microseconds look instead of sleeping. So they should come close to two that poll. */
const TALKING: readonly Pairing[] = [
  ['Channel, for await', 'C stream', { fasterBy: 15 }],
  ['Channel, for await', 'Channel, polling', { slowerBy: 2 }],
];

/** The ratio from before the sides looked before sleeping. On one core a side that looks keeps the other from running. */
const ON_ONE_CORE: readonly Pairing[] = [['Channel, for await', 'C stream', { slowerBy: 2.5 }]];

const CROWDED: readonly Pairing[] = [
  ['Channel, for await', 'C stream'],
  ['Channel, for await', 'net'],
];

const SLEEPING: readonly Pairing[] = [
  ['Channel, for await', 'net'],
  ['Channel, for await', 'zeromq'],
  ['Channel, for await', 'child_process'],
];

export const comparisons: readonly Comparison[] = [
  ...pair('one-way', MESSAGE_BYTES, 'apart', [...TARGETS, ...SHOWN]),
  ...pair('one-way', MESSAGE_BYTES, 'any', SHOWN_SCHEDULED),
  ...pair('one-way', PAGE_BYTES, 'apart', SHOWN_PAGES),
  ...pair('ping-pong', MESSAGE_BYTES, 'apart', [...POLLING, ...TALKING, ...SLEEPING]),
  ...pair('ping-pong', MESSAGE_BYTES, 'crowded', CROWDED),
  ...pair('ping-pong', MESSAGE_BYTES, 'same', [...ON_ONE_CORE, ...SLEEPING]),
  ...PACED_FIGURES.map((figure) => ({
    what: `a round trip of ${MESSAGE_BYTES} B a millisecond, ${figure}: Channel, for await, against net`,
    ours: pacedName('Channel, for await', figure),
    peer: pacedName('net', figure),
    slowerBy: MOST_PACED[figure],
  })),
  ...[PAGE_BYTES, LINE_BYTES].flatMap((byteLength) =>
    pair(
      'ping-pong',
      byteLength,
      'apart',
      POLLING.map(([ours, peer]) => [ours, peer]),
    ),
  ),
  { what: 'a send that wakes the reader: what the doorbell costs its sender', ours: DOORBELL },
  { what: 'CPU time of both processes of an idle Channel, in a second', ours: IDLE, atMost: MOST_IDLE },
];

function pair(kind: Kind, byteLength: number, placement: Placement, pairings: readonly Pairing[]): Comparison[] {
  return pairings.map(([ours, peer, limits = {}]) => ({
    what: `${nameOf(kind, byteLength, placement, ours)}, against ${peer}`,
    ours: nameOf(kind, byteLength, placement, ours),
    peer: nameOf(kind, byteLength, placementOf(peer, placement), peer),
    ...(kind === 'one-way' && { unit: 'rate' }),
    ...limits,
  }));
}
