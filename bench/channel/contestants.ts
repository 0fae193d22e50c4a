/** The ways to carry messages, and the contests in which each is measured. */
import type { CWayName } from './c-peer.js';
import type { Placement } from './placement.js';
import type { Kind } from './run.js';
import type { NodeWayName } from './ways.js';

export interface Contestant {
  name: string;
  way: { c: CWayName } | { node: NodeWayName };
  kind: Kind;
  byteLength: number;
  placement: Placement;
  /** Messages or round trips, chosen so that they take about 0.1 s. */
  count: number;
  slots: number;
}

export const MESSAGE_BYTES = 1000;
export const PAGE_BYTES = 4096;
/** One cache line: shows the cost of a round trip whose message costs next to nothing. */
export const LINE_BYTES = 64;

/** The default of a Channel. */
export const USUAL_SLOTS = 1024;
/** 4 MiB of slots, which exceeds the private cache of a core. */
const MANY_SLOTS = 4096;

const FEW_SLOTS = 128;

type Line = [name: string, way: Contestant['way'], count: number, slots?: number];

const OURS: readonly Line[] = [
  ['Channel, send', { node: 'Channel, send' }, 250_000],
  ['Channel, reserve', { node: 'Channel, reserve' }, 250_000],
  ['Channel, sendMany', { node: 'Channel, sendMany' }, 250_000],
  ['Channel, for await', { node: 'Channel, for await' }, 150_000],
];

const PEERS: readonly Line[] = [
  ['C ring', { c: 'ring' }, 500_000],
  ['C stream', { c: 'stream' }, 60_000],
  ['C stream, writev', { c: 'batch' }, 200_000],
  ['C seqpacket', { c: 'seqpacket' }, 60_000],
  ['C pipe', { c: 'pipe' }, 100_000],
  ['net', { node: 'net' }, 60_000],
  ['net, corked', { node: 'net, corked' }, 100_000],
  ['zeromq', { node: 'zeromq' }, 20_000],
  ['child_process', { node: 'child_process' }, 10_000],
  ['MessageChannel', { node: 'MessageChannel' }, 40_000],
];

const SMALL_ONLY: readonly Line[] = [
  ['Channel, for await, few slots', { node: 'Channel, for await' }, 150_000, FEW_SLOTS],
  ['Channel, send, many slots', { node: 'Channel, send' }, 250_000, MANY_SLOTS],
  ['Channel, reserve, many slots', { node: 'Channel, reserve' }, 250_000, MANY_SLOTS],
  ['C ring, many slots', { c: 'ring' }, 500_000, MANY_SLOTS],
  ['child_process, json', { node: 'child_process, json' }, 2_000],
];

const SCHEDULED: readonly Line[] = [...OURS, ...PEERS].filter(([name]) =>
  ['Channel, send', 'Channel, for await', 'C ring', 'C stream', 'net', 'net, corked'].includes(name),
);

const POLLING: readonly Line[] = [
  ['Channel, polling', { node: 'Channel, reserve' }, 48_000],
  ['JavaScript ring', { node: 'JavaScript ring' }, 48_000],
  ['C ring', { c: 'ring' }, 80_000],
];

/** A side that looks before it sleeps is fast. It needs many round trips, so that most are timed after its code is compiled. */
const TALKING: readonly Line[] = [['Channel, for await', { node: 'Channel, for await' }, 48_000]];

const OTHERS: readonly Line[] = [
  ['C stream', { c: 'stream' }, 800],
  ['net', { node: 'net' }, 800],
  ['zeromq', { node: 'zeromq' }, 800],
  ['child_process', { node: 'child_process' }, 800],
];

const SLEEPING: readonly Line[] = [['Channel, for await', { node: 'Channel, for await' }, 800], ...OTHERS];
const CROWDED = SLEEPING.filter(([name]) => ['Channel, for await', 'C stream', 'net'].includes(name));

const PLACED: Record<Placement, string> = {
  apart: 'two cores',
  crowded: 'two busy cores',
  same: 'one core',
  any: 'left to the scheduler',
};

const POLLING_WAYS = new Set<NodeWayName>([
  'Channel, send',
  'Channel, reserve',
  'Channel, sendMany',
  'JavaScript ring',
]);

const DOORBELL_WAY = 'Channel, the send alone';
export const DOORBELL = nameOf('ping-pong', MESSAGE_BYTES, 'apart', DOORBELL_WAY);

/** The full name of a measurement, here and in the results. */
export function nameOf(kind: Kind, byteLength: number, placement: Placement, way: string): string {
  return `${way}: ${sceneOf(kind, byteLength, placement)}`;
}

/** The part of the name that all ways in one contest share. */
export function sceneOf(kind: Kind, byteLength: number, placement: Placement): string {
  return `${byteLength} B ${kind === 'one-way' ? 'one way' : 'round trip'}, ${PLACED[placement]}`;
}

/** MessageChannel connects two threads of one process, which have one pid, so they cannot be pinned by it. */
export function placementOf(way: string, wanted: Placement): Placement {
  return way === 'MessageChannel' ? 'any' : wanted;
}

function contest(kind: Kind, byteLength: number, wanted: Placement, lines: readonly Line[], share = 1): Contestant[] {
  return lines.map(([name, way, count, slots = USUAL_SLOTS]) => {
    const placement = placementOf(name, wanted);
    return {
      name: nameOf(kind, byteLength, placement, name),
      way,
      kind,
      byteLength,
      placement,
      count: count * share,
      slots,
    };
  });
}

export const CONTESTANTS: readonly Contestant[] = [
  ...contest('one-way', MESSAGE_BYTES, 'apart', [...OURS, ...PEERS, ...SMALL_ONLY]),
  ...contest('one-way', MESSAGE_BYTES, 'any', SCHEDULED),
  ...contest('one-way', PAGE_BYTES, 'apart', [...OURS, ...PEERS], 0.4),
  ...contest('ping-pong', MESSAGE_BYTES, 'apart', [...POLLING, ...TALKING, ...OTHERS]),
  ...contest('ping-pong', MESSAGE_BYTES, 'same', SLEEPING, 4),
  ...contest('ping-pong', MESSAGE_BYTES, 'crowded', CROWDED, 2),
  ...contest('ping-pong', PAGE_BYTES, 'apart', POLLING, 0.5),
  ...contest('ping-pong', LINE_BYTES, 'apart', POLLING),
  ...contest('ping-pong', MESSAGE_BYTES, 'apart', [[DOORBELL_WAY, { node: 'Channel, doorbell' }, 800]]),
];

/** Whether a side polls. On one core that would keep the other side from running. */
export function isPolling({ way }: Contestant): boolean {
  return 'c' in way ? way.c === 'ring' : POLLING_WAYS.has(way.node);
}

/** Each way once, for a quick run that only checks that all of them work. */
export const ONE_OF_EACH: readonly Contestant[] = [
  ...new Map([...CONTESTANTS].reverse().map((contestant) => [JSON.stringify(contestant.way), contestant])).values(),
].reverse();
