/**
 * Sends frames to another process in four buffers, which are used round and round. The process is killed in the middle and
 * replaced, and no frame is lost: node out/js/examples/frame-pool.js
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { allocate, incomingOffers, VMO_GRANT_R, VMO_GRANT_W, vmOffer, type Region } from 'vmoffer';

const BUFFERS = 4;
const FRAMES = 200;
const FRAME_BYTES = 1 << 20;
/** A frame has its number in every word. The consumer overwrites the first word once it has checked all of them. */
const WHOLE = 0xffff_ffff;
const TORN = 0xffff_fffe;

async function consume(producerPid: number): Promise<void> {
  process.once('disconnect', () => process.exit());
  for await (const offer of incomingOffers({ from: producerPid })) {
    using claim = await offer.claim();
    const words = new Uint32Array(claim.buffer);
    words[0] = words.every((word) => word === words[0]) ? WHOLE : TORN;
  }
}

let consumer: ChildProcess;
let consumers = 0;
let nextFrame = 0;

function startConsumer(): void {
  consumer = fork(fileURLToPath(import.meta.url), [String(process.pid)]);
  consumers++;
}

function killAndReplaceConsumer(): void {
  consumer.kill('SIGKILL');
  startConsumer();
}

async function sendFramesIn(region: Region): Promise<void> {
  const words = new Uint32Array(region.buffer);
  while (nextFrame < FRAMES) {
    const frame = nextFrame++;
    words.fill(frame);
    if (frame === FRAMES / 2) killAndReplaceConsumer();
    // Released without a mark: the consumer died before it had checked the frame. It goes to the next consumer.
    while (words[0] === frame) await vmOffer(consumer.pid ?? 0, region, VMO_GRANT_R | VMO_GRANT_W).released;
    if (words[0] !== WHOLE) throw new Error(`frame ${frame} did not arrive whole`);
  }
}

async function produce(): Promise<void> {
  startConsumer();
  await Promise.all(Array.from({ length: BUFFERS }, () => sendFramesIn(allocate(FRAME_BYTES))));
  consumer.disconnect();
  console.log(`${FRAMES} frames went through ${BUFFERS} buffers to ${consumers} consumers, and all arrived whole`);
}

await (process.argv[2] === undefined ? produce() : consume(Number(process.argv[2])));
