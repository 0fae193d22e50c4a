/** More and more processes at once: many sources for one claimer, and many claimers of one source. */
import { vmClaim } from 'vmoffer';
import { SourceProcess } from '../source-process.js';
import { KIB } from '../units.js';
import type { SeriesMaker } from './series.js';
import { threadTimeMs } from './thread-time.js';

const PART_BYTES = 4 * KIB;
const PARTS = 128;
const AT_ONCE = 64;

interface Offered {
  pid: number;
  address: bigint;
}

export const peerProcesses: SeriesMaker = (effort) => {
  const counts = effort.pick([1, 2, 4, 8, 16], [1, 2]);
  const parts = effort.pick(PARTS, 4);
  const peers = Array.from({ length: counts.at(-1) ?? 1 }, () => new SourceProcess());
  const hub = new SourceProcess();
  async function offersOf(source: SourceProcess): Promise<Offered[]> {
    const first = await source.crowd(parts, { partBytes: PART_BYTES });
    return Array.from({ length: parts }, (_, part) => ({
      pid: source.pid,
      address: first + BigInt(part * PART_BYTES),
    }));
  }

  async function claimFromAll(count: number): Promise<number> {
    const all = interleaved(await Promise.all(peers.slice(0, count).map(offersOf)));
    const start = performance.now();
    for (let at = 0; at < all.length; at += AT_ONCE) {
      const claims = await Promise.all(all.slice(at, at + AT_ONCE).map(({ pid, address }) => vmClaim(pid, address)));
      for (const claim of claims) claim.release();
    }
    return (performance.now() - start) / all.length;
  }

  async function allClaim(count: number): Promise<{ claim: number; broker: number }> {
    const claimers = peers.slice(0, count);
    const firsts: bigint[] = [];
    for (const { pid } of claimers) firsts.push(await hub.crowd(parts, { partBytes: PART_BYTES, destPid: pid }));
    const brokerBefore = threadTimeMs(hub.pid, 'vmo-broker');
    const asked = claimers.map((peer, index) => peer.claim(hub.pid, firsts[index] ?? 0n, parts, PART_BYTES));
    const longest = Math.max(...(await Promise.all(asked)));
    const broker = threadTimeMs(hub.pid, 'vmo-broker') - brokerBefore;
    return { claim: longest / (count * parts), broker: broker / (count * parts) };
  }

  return Promise.resolve({
    of: 'peers',
    counts,
    ways: ['a claim from so many sources', 'a claim by so many claimers', "… of which the broker's processor time"],
    flat: ['a claim from so many sources', 'a claim by so many claimers'],
    async probe(count: number) {
      const { claim, broker } = await allClaim(count);
      return {
        'a claim from so many sources': await claimFromAll(count),
        'a claim by so many claimers': claim,
        "… of which the broker's processor time": broker,
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([hub, ...peers].map((peer) => peer.stop()));
    },
  });
};

/** Takes one from each list in turn, so that neighbours come from different sources. */
function interleaved(lists: readonly (readonly Offered[])[]): Offered[] {
  return Array.from({ length: lists[0]?.length ?? 0 }, (_, index) =>
    lists.flatMap((list) => list.slice(index, index + 1)),
  ).flat();
}
