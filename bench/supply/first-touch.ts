/** The first touch of a unit that is not there, by everybody who could bring it. */
import { VMO_GRANT_R, vmClaim, type Claim } from 'vmoffer';
import type { Comparison } from '../comparison.js';
import type { Peer } from '../peers/peer.js';
import { loadReader } from '../peers/reader.js';
import { placesIn } from '../places.js';
import type { Measurement } from '../rounds.js';
import type { SourceProcess } from '../source-process.js';
import { quantile } from '../statistics.js';
import { KIB } from '../units.js';
import type { Way } from './orders.js';
import type { SupplyingProcess } from './supplying-process.js';

const UNIT = 64 * KIB;
/** Every other unit, so that none is there because the one before it was. */
const STRIDE = 2 * UNIT;
const SPARE_TOUCHES = 1;

export interface TouchSetting {
  supplying: SupplyingProcess;
  /** With a native supplier. */
  native: SupplyingProcess | undefined;
  /** Of memory whose pages are all there. */
  ordinary: SourceProcess;
  exchange: Peer;
  fuse: Peer | undefined;
  /** Filled, for `fileRange`. */
  path: string;
  byteLength: number;
  touches: number;
}

export const touchComparisons: Comparison[] = [
  {
    what: 'first touch of a unit of 64 KiB that a native supplier brings, p50, against the bare exchange in C',
    ours: 'touch, native p50',
    peer: 'touch, exchange in C p50',
    slowerBy: 1.3,
  },
  {
    what: '… that the source has put there before',
    ours: 'touch, put p50',
    peer: 'touch, exchange in C p50',
  },
  {
    what: '… that a function brings, on an idle main thread',
    ours: 'touch, function p50',
    peer: 'touch, exchange in C p50',
    slowerBy: 2.5,
  },
  {
    what: '… that a Worker brings, the main thread idle',
    ours: 'touch, Worker p50',
    peer: 'touch, exchange in C p50',
    slowerBy: 2.5,
  },
  {
    what: '… that a Worker brings, the main thread busy in turns of 5 ms',
    ours: 'touch, Worker beside a busy thread p50',
    peer: 'touch, exchange in C p50',
    slowerBy: 2.5,
  },
  {
    what: '… that fileRange brings from the page cache',
    ours: 'touch, fileRange p50',
    peer: 'touch, exchange in C p50',
  },
  {
    what: '… that fileRange brings, against a mapped file of a FUSE file system in C',
    ours: 'touch, fileRange p50',
    peer: 'touch, FUSE p50',
  },
  {
    what: 'first touch of a unit that another claim had, p50, against a fault on memory that is all there',
    ours: 'touch, had by another p50',
    peer: 'touch, ordinary memory p50',
    slowerBy: 8,
  },
];

export function touchMeasurements(setting: TouchSetting): Measurement[] {
  const { supplying, native, exchange, fuse, path, touches } = setting;
  const supplied = (name: string, way: Way) => () => touchSupplied(setting, name, way);
  return [
    async () => percentiles('exchange in C', await exchange.ask(UNIT, touches)),
    ...(native ? [() => touchSupplied({ ...setting, supplying: native }, 'native', { kind: 'native' })] : []),
    supplied('put', { kind: 'beforehand' }),
    supplied('function', { kind: 'here' }),
    supplied('Worker', { kind: 'worker' }),
    async () => {
      await supplying.setBusy(true);
      const found = await touchSupplied(setting, 'Worker beside a busy thread', { kind: 'worker' });
      await supplying.setBusy(false);
      return found;
    },
    supplied('fileRange', { kind: 'file', path }),
    ...(fuse ? [async () => percentiles('FUSE', await fuse.ask('touch', UNIT, touches))] : []),
    () => touchAgain(setting),
    () => touchOrdinary(setting),
  ];
}

function placesOf({ byteLength, touches }: TouchSetting): BigUint64Array {
  return placesIn(byteLength, STRIDE, touches + SPARE_TOUCHES, 'random');
}

/** The first touch waits for the Worker to start, and does not count. */
function timeTouches(claim: Claim, places: BigUint64Array, name: string): Record<string, number> {
  const reader = loadReader();
  reader.touch(claim.view(), places.subarray(0, SPARE_TOUCHES));
  const took = [...reader.timeTouches(claim.view(), places.subarray(SPARE_TOUCHES))];
  return percentiles(
    name,
    [0.5, 0.9, 0.99].map((share) => quantile(took, share)),
  );
}

async function touchSupplied(setting: TouchSetting, name: string, way: Way): Promise<Record<string, number>> {
  const { supplying, byteLength } = setting;
  await supplying.supply({ way, byteLength, unit: UNIT });
  using claim = await vmClaim(supplying.pid, await supplying.offer());
  return timeTouches(claim, placesOf(setting), name);
}

async function touchAgain(setting: TouchSetting): Promise<Record<string, number>> {
  const { supplying, byteLength } = setting;
  const places = placesOf(setting);
  await supplying.supply({ way: { kind: 'worker' }, byteLength, unit: UNIT });
  using first = await vmClaim(supplying.pid, await supplying.offer());
  loadReader().touch(first.view(), places);
  const { unitsOrdered } = await supplying.stats();
  using second = await vmClaim(supplying.pid, await supplying.offer());
  const found = timeTouches(second, places, 'had by another');
  if ((await supplying.stats()).unitsOrdered !== unitsOrdered) throw new Error('the supplier was asked a second time');
  return found;
}

async function touchOrdinary(setting: TouchSetting): Promise<Record<string, number>> {
  const { ordinary, byteLength } = setting;
  const address = await ordinary.offer(byteLength, VMO_GRANT_R);
  using claim = await vmClaim(ordinary.pid, address, { paging: 'userfault' });
  return timeTouches(claim, placesOf(setting), 'ordinary memory');
}

/** From nanoseconds. */
function percentiles(name: string, [p50 = NaN, p90 = NaN, p99 = NaN]: readonly number[]): Record<string, number> {
  return {
    [`touch, ${name} p50`]: p50 / 1e6,
    [`touch, ${name} p90`]: p90 / 1e6,
    [`touch, ${name} p99`]: p99 / 1e6,
  };
}
