/** What a claim costs until its first byte is there, at any size; beside sending the bytes. */
import { VMO_GRANT_R, vmClaim, vmClaimSync } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import type { Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { SocketReceiver, socketPath } from './node-socket.js';
import { measureInRounds, type Measurement } from './rounds.js';
import { expectFilled, FILLING } from './filling.js';
import { SourceProcess } from './source-process.js';
import { median } from './statistics.js';
import { GIB, MIB } from './units.js';

const ROUNDS = 7;
const CLAIMS_A_ROUND = 15;

const comparisons: Comparison[] = [
  {
    what: 'claim and first byte: 1 GiB, against 1 MiB',
    ours: 'claim 1 GiB',
    peer: 'claim 1 MiB',
    slowerBy: 1.5,
  },
  {
    what: "claim and first byte of 1 GiB, against sending it through Node's UNIX socket, into fresh memory",
    ours: 'claim 1 GiB',
    peer: 'socket 1 GiB',
    fasterBy: 1000,
  },
  {
    what: 'the same with vmClaimSync',
    ours: 'claim sync 1 GiB',
    peer: 'socket 1 GiB',
    fasterBy: 1000,
  },
  {
    what: '… into one chunk of 1 MiB, again and again, which nobody has afterwards',
    ours: 'claim 1 GiB',
    peer: 'socket 1 GiB, one chunk',
  },
];

export const claimBench: Bench = {
  name: 'claim',
  what: "claim and first byte of 1 GiB, beside 1 MiB and Node's UNIX socket",
  async run(effort: Effort): Promise<Findings> {
    const large = effort.pick(GIB, 2 * MIB);
    const rounds = effort.rounds(ROUNDS);
    await using source = new SourceProcess();
    await source.serve(large, socketPath());
    using receiver = await SocketReceiver.open(socketPath());
    const measurements: Measurement[] = [
      () => claimAndTouchOften(source, large),
      async () => ({ 'socket 1 GiB': await receiveAndKeep(large) }),
      async () => ({ 'socket 1 GiB, one chunk': await receive(receiver, large) }),
    ];
    return { samples: await measureInRounds(measurements, rounds), comparisons, notes: notes(rounds) };
  },
};

function notes(rounds: number): string[] {
  return [
    `medians of ${rounds} rounds, every measurement once a round; one more round before them does not count`,
    `a round's claim is the median of ${CLAIMS_A_ROUND}, of which each size has its turn`,
    'the source has touched its memory beforehand; a mapped claim needs no destination, so none of it is fresh',
    'the socket is open already; what it delivers is read straight into its place and summed up there',
  ];
}

/** Claims are short: many of each size in a row, in turn, so that a wake-up that takes long does not decide. */
async function claimAndTouchOften(source: SourceProcess, large: number): Promise<Record<string, number>> {
  const found: Record<string, number[]> = { 'claim 1 MiB': [], 'claim 1 GiB': [], 'claim sync 1 GiB': [] };
  for (let turn = 0; turn < CLAIMS_A_ROUND; turn++) {
    found['claim 1 MiB']?.push(await claimAndTouch(source, MIB, vmClaim));
    found['claim 1 GiB']?.push(await claimAndTouch(source, large, vmClaim));
    found['claim sync 1 GiB']?.push(await claimAndTouch(source, large, vmClaimSync));
  }
  return Object.fromEntries(Object.entries(found).map(([name, values]) => [name, median(values)]));
}

async function claimAndTouch(
  source: SourceProcess,
  byteLength: number,
  take: typeof vmClaim | typeof vmClaimSync,
): Promise<number> {
  const address = await source.offer(byteLength, VMO_GRANT_R);
  const start = performance.now();
  using claim = await take(source.pid, address);
  const [first] = claim.view();
  const ms = performance.now() - start;
  if (first !== FILLING) throw new Error(`the first byte is ${first}, not the ${FILLING} that the source wrote`);
  return ms;
}

/** The receiver has all the bytes at the end, as a claimer has. */
async function receiveAndKeep(byteLength: number): Promise<number> {
  using receiver = await SocketReceiver.open(socketPath(), Buffer.allocUnsafeSlow(byteLength));
  return await receive(receiver, byteLength);
}

async function receive(receiver: SocketReceiver, byteLength: number): Promise<number> {
  const start = performance.now();
  const sum = await receiver.receive(byteLength, () => undefined);
  const ms = performance.now() - start;
  expectFilled(sum, byteLength);
  return ms;
}
