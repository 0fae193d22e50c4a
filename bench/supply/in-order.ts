/** Every byte of supplied memory, read once and in order. */
import { open } from 'node:fs/promises';
import { vmClaim } from 'vmoffer';
import type { Comparison } from '../comparison.js';
import { expectFilled } from '../filling.js';
import type { Peer } from '../peers/peer.js';
import { loadReader } from '../peers/reader.js';
import type { Measurement } from '../rounds.js';
import { KIB, MIB } from '../units.js';
import type { Memory, Way } from './orders.js';
import type { SupplyingProcess } from './supplying-process.js';

const UNIT = 256 * KIB;
const IN_FLIGHT = 8;
/** As far as the kernel reads ahead in FUSE. */
const FUSE_READ = MIB;
/** How far away the supplier is that only takes time. */
const AWAY_MS = 2;

const PLACING_THREADS = [1, 2];
const placedBy = (threads: number) => `placed, ${threads} in C`;

export interface ReadSetting {
  supplying: SupplyingProcess;
  placing: Peer;
  fuse: Peer | undefined;
  /** Filled, `byteLength` bytes. */
  path: string;
  byteLength: number;
}

export const readComparisons: Comparison[] = [
  {
    what: `all in order, from a supplier ${AWAY_MS} ms away, against that supplier alone, ${IN_FLIGHT} in flight`,
    ours: 'read, away',
    peer: 'alone, away',
    fasterBy: 0.8,
  },
  {
    what: `… from fileRange and the page cache, against fileRange alone, ${IN_FLIGHT} in flight, which keeps nothing`,
    ours: 'read, fileRange',
    peer: 'alone, fileRange',
    fasterBy: 0.8,
  },
  ...PLACING_THREADS.map((threads) => ({
    what: `… against the system calls alone, in C, ${threads === 1 ? 'placed by one thread' : `placed by ${threads} threads`}, then installed and read`,
    ours: 'read, fileRange',
    peer: placedBy(threads),
  })),
  {
    what: '… against a mapped file of a FUSE file system in C',
    ours: 'read, fileRange',
    peer: 'read, FUSE',
    fasterBy: 1.5,
  },
  {
    what: `… against reading the ranges by hand into a Buffer, ${IN_FLIGHT} in flight`,
    ours: 'read, fileRange',
    peer: 'read, by hand',
  },
  {
    what: 'the ranges read by hand into a Buffer, against fileRange alone',
    ours: 'read, by hand',
    peer: 'alone, fileRange',
  },
  {
    what: `all in order with a budget of a quarter, against no budget`,
    ours: 'read, budget',
    peer: 'read, no budget',
    fasterBy: 0.5,
  },
  {
    what: 'resident at most with that budget, against the budget and the fills under way',
    ours: 'resident, budget',
    peer: 'budget and fills',
    slowerBy: 1,
    unit: 'bytes',
  },
  {
    what: 'brought in all with that budget, against the bytes that there are',
    ours: 'brought, budget',
    peer: 'all bytes',
    slowerBy: 1.05,
    unit: 'bytes',
  },
];

export function readMeasurements(setting: ReadSetting): Measurement[] {
  const away: Way = { kind: 'worker', ms: AWAY_MS };
  const file: Way = { kind: 'file', path: setting.path };
  return [
    () => readSupplied(setting, 'away', away),
    () => alone(setting, 'away', away),
    () => readSupplied(setting, 'fileRange', file),
    () => readSupplied(setting, 'no budget', { kind: 'worker' }),
    () => readSupplied(setting, 'budget', { kind: 'worker' }, setting.byteLength / 4),
  ];
}

/** Those that need no page faults. */
export function peerMeasurements(setting: ReadSetting): Measurement[] {
  const { fuse, placing, path } = setting;
  return [
    () => alone(setting, 'fileRange', { kind: 'file', path }),
    ...PLACING_THREADS.map((threads): Measurement => async () => {
      const [ms = NaN] = await placing.ask(threads, UNIT);
      return { [placedBy(threads)]: ms };
    }),
    ...(fuse ? [async () => ({ 'read, FUSE': (await fuse.ask('read', FUSE_READ))[0] ?? NaN })] : []),
    async () => ({ 'read, by hand': await readByHand(setting) }),
  ];
}

/** What is not a time. */
export function sizeMeasurements(setting: ReadSetting): Measurement[] {
  const { byteLength, supplying } = setting;
  const budget = byteLength / 4;
  return [
    async () => {
      await readSupplied(setting, 'budget', { kind: 'worker' }, budget);
      const { mostResidentBytes, unitsSupplied } = await supplying.stats();
      return {
        'resident, budget': mostResidentBytes,
        'budget and fills': budget + IN_FLIGHT * UNIT,
        'brought, budget': unitsSupplied * UNIT,
        'all bytes': byteLength,
      };
    },
  ];
}

function memoryOf({ byteLength }: ReadSetting, way: Way, budget?: number): Memory {
  return { way, byteLength, unit: UNIT, ...(budget !== undefined && { budget }) };
}

async function alone(setting: ReadSetting, name: string, way: Way): Promise<Record<string, number>> {
  return { [`alone, ${name}`]: await setting.supplying.alone(memoryOf(setting, way), IN_FLIGHT) };
}

/** The last unit is touched beforehand: that waits for the Worker to start. */
async function readSupplied(
  setting: ReadSetting,
  name: string,
  way: Way,
  budget?: number,
): Promise<Record<string, number>> {
  const { supplying, byteLength } = setting;
  await supplying.supply(memoryOf(setting, way, budget));
  using claim = await vmClaim(supplying.pid, await supplying.offer());
  const reader = loadReader();
  reader.touch(claim.view(), BigUint64Array.of(BigInt(byteLength - UNIT)));
  const start = performance.now();
  const found = reader.sum(claim.view());
  const ms = performance.now() - start;
  expectFilled(found, byteLength);
  return { [`read, ${name}`]: ms };
}

async function readByHand({ path, byteLength }: ReadSetting): Promise<number> {
  await using file = await open(path);
  const start = performance.now();
  const bytes = Buffer.allocUnsafeSlow(byteLength);
  let next = 0;
  const readInTurn = async () => {
    while (next < byteLength) {
      const position = next;
      next += UNIT;
      await file.read(bytes, position, UNIT, position);
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, readInTurn));
  const found = loadReader().sum(bytes);
  const ms = performance.now() - start;
  expectFilled(found, byteLength);
  return ms;
}
