/** Memory that is brought when it is touched, beside the bare exchange in C, the suppliers alone, FUSE, and reading by hand. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bench, Findings } from './bench.js';
import type { Comparison, Samples } from './comparison.js';
import type { Effort } from './effort.js';
import { mayAnswerFaults } from './environment.js';
import { FILLING } from './filling.js';
import { canBuildPeer } from './peers/build.js';
import { Peer } from './peers/peer.js';
import { measuredOf, measureInRounds } from './rounds.js';
import { SourceProcess } from './source-process.js';
import { touchComparisons, touchMeasurements } from './supply/first-touch.js';
import { peerMeasurements, readComparisons, readMeasurements, sizeMeasurements } from './supply/in-order.js';
import { killedComparisons, measureKilled } from './supply/killed.js';
import { SupplyingProcess } from './supply/supplying-process.js';
import { MIB } from './units.js';

const ROUNDS = 5;
const TOUCHES = 200;
const PROBE = 'build/Release/probe.node';

export const supplyBench: Bench = {
  name: 'supply',
  what: 'memory that a supplier brings when it is touched, beside a bare exchange in C, FUSE, and reading by hand',
  async run(effort: Effort): Promise<Findings> {
    const rounds = effort.rounds(ROUNDS);
    const touchedBytes = effort.pick(64 * MIB, 8 * MIB);
    const readBytes = effort.pick(128 * MIB, 32 * MIB);
    const touches = effort.pick(TOUCHES, 20);
    using file = new FilledFile(readBytes);
    await using supplying = new SupplyingProcess();
    await using native = hasProbe() ? new SupplyingProcess('probe') : undefined;
    await using ordinary = new SourceProcess();
    await using exchange = new Peer('supply', [String(touchedBytes)]);
    await using placing = new Peer('placing', [String(readBytes), file.path]);
    await using fuse = startFuse(readBytes, file.path);
    const reading = { supplying, placing, fuse, path: file.path, byteLength: readBytes };
    const touching = { ...reading, native, ordinary, exchange, byteLength: touchedBytes, touches };
    const isPaged = mayAnswerFaults();
    const times = isPaged ? [...touchMeasurements(touching), ...readMeasurements(reading), measureKilled] : [];
    const samples = measuredOf(await measureInRounds([...times, ...peerMeasurements(reading)], rounds));
    const counts = isPaged ? sizeMeasurements(reading) : [];
    const sizes = await measureInRounds(counts, rounds, { label: 'counting', warmUp: false });
    return { samples, sizes, comparisons: comparisonsOf(samples, sizes), notes: notes(rounds, touches, samples) };
  },
};

function hasProbe(): boolean {
  return existsSync(PROBE);
}

function startFuse(byteLength: number, path: string): Peer | undefined {
  return canBuildPeer('fuse') ? new Peer('fuse', [String(byteLength), path]) : undefined;
}

function comparisonsOf(samples: Samples, sizes: Samples): Comparison[] {
  const has = (name: string) => samples.has(name) || sizes.has(name);
  return [...touchComparisons, ...readComparisons, ...killedComparisons].filter(
    ({ ours, peer = ours }) => has(ours) && has(peer),
  );
}

function notes(rounds: number, touches: number, samples: Samples): string[] {
  return [
    `medians of ${rounds} rounds, every measurement once a round; one more round before them does not count, but for sizes`,
    `a round's touch is a percentile of ${touches} touches, of units in random order of which no two are neighbours, timed in C`,
    'everything is left to the scheduler: a touch passes through three threads of two processes, and a supplier is a fourth',
    'reading in order sums up every byte in C; the file is in the page cache, and is read by the same calls on all sides',
    'FUSE reads ahead by 1 MiB, as far as its kernel side goes without other limits, and serves from several threads',
    ...(samples.has('read, no budget')
      ? []
      : ['supplied memory was not measured: this process may not answer all page faults; see npx vmoffer doctor']),
    ...(samples.has('touch, native p50')
      ? []
      : ['a native supplier was not measured: it is part of the addon `probe`, which npm run build:probe makes']),
    ...(samples.has('read, FUSE')
      ? []
      : ['FUSE was not measured: it needs libfuse3 (Debian: libfuse3-dev, fuse3), and the right to mount']),
  ];
}

/** Every byte is what sources write. It is in the page cache, because it has just been written. */
class FilledFile implements Disposable {
  readonly path: string;
  readonly #folder: string;

  constructor(byteLength: number) {
    this.#folder = mkdtempSync(join(tmpdir(), 'vmoffer-bench-'));
    this.path = join(this.#folder, 'data');
    writeFileSync(this.path, Buffer.alloc(byteLength, FILLING));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
