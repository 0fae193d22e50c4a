/** What a claim costs up to its first byte, at any size, beside sending the bytes. */
import { vmClaim, vmClaimSync } from 'vmoffer';
import type { Bench, Findings } from './bench.js';
import { claimAndTouch } from './claim-and-touch.js';
import type { Comparison } from './comparison.js';
import type { Effort } from './effort.js';
import { SocketReceiver, socketPath } from './node-socket.js';
import { measureInRounds, repeated, type Measurement } from './rounds.js';
import { expectFilled } from './filling.js';
import { SourceProcess } from './source-process.js';
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

/** Claims are short. So it makes many of each size, in turn, and one slow wake-up does not decide. */
function claimAndTouchOften(source: SourceProcess, large: number): Promise<Record<string, number>> {
  return repeated(CLAIMS_A_ROUND, async () => ({
    'claim 1 MiB': await claimAndTouch(source, MIB, vmClaim),
    'claim 1 GiB': await claimAndTouch(source, large, vmClaim),
    'claim sync 1 GiB': await claimAndTouch(source, large, vmClaimSync),
  }));
}

/** Receives into memory for all bytes: like a claimer, the receiver has all of them at the end. */
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
