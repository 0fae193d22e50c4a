/** The library's ways. The offer stands before the clock starts, as everything of the peers is open before. */
import { VMO_GRANT_R, vmClaim, type ClaimOptions } from 'vmoffer';
import { windowsOf } from '../../demo/windows.js';
import { expectFilled } from '../filling.js';
import { loadReader } from '../peers/reader.js';
import type { SourceProcess } from '../source-process.js';
import { GIB } from '../units.js';
import type { Arrival, Way } from './way.js';

export const OWN_WAYS = { map: 'vmoffer, map', eager: 'vmoffer, eager', pull: 'vmoffer, pull' } as const;

/** For memory in huge pages. */
export const HUGE_WAY = 'vmoffer, map of huge pages';

export function ownWays(source: SourceProcess): Way[] {
  const wayOf = (name: string, options: ClaimOptions): Way => ({
    name,
    deliver: async (byteLength) =>
      claimAndSum(source.pid, await source.offer(byteLength, VMO_GRANT_R), byteLength, options),
  });
  return [
    wayOf(OWN_WAYS.map, {}),
    wayOf(OWN_WAYS.eager, { paging: 'eager' }),
    wayOf(OWN_WAYS.pull, { transfer: 'pull' }),
  ];
}

export function hugeWay(source: SourceProcess): Way {
  return {
    name: HUGE_WAY,
    deliver: async (byteLength) =>
      claimAndSum(source.pid, await source.offer(byteLength, VMO_GRANT_R, { hugePages: true }), byteLength, {}),
  };
}

/** Receives the byte that is read, so that the read cannot be left out. */
const firstByte = new Uint8Array(1);

async function claimAndSum(
  srcPid: number,
  address: bigint,
  byteLength: number,
  options: ClaimOptions,
): Promise<Arrival> {
  const start = performance.now();
  using claim = await vmClaim(srcPid, address, { hugetlb: true, ...options });
  firstByte.set(claim.view(0, 1));
  const first = performance.now() - start;
  let sum = 0n;
  for (const window of windowsOf(claim, byteLength, GIB)) sum += loadReader().sum(window);
  const last = performance.now() - start;
  expectFilled(BigInt.asUintN(64, sum), byteLength);
  return { first, last };
}
