/**
 * Hands over frames of 4 MiB, and hands their memory back, with small messages between them, all in order over one
 * channel: node out/js/examples/frames.js
 */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { allocate, Channel, VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W, type Message, type Region } from 'vmoffer';

const FRAMES = 400;
const FRAME_BYTES = 4 << 20;
const BUFFERS = 4;
const WORDS_PER_PAGE = 1024;
const MOVE = VMO_DISOWN | VMO_GRANT_R | VMO_GRANT_W;

function textOf({ bytes }: Message): string {
  return new TextDecoder().decode(bytes);
}

/** Checks one word of every page, which makes every page arrive. */
function isWhole(words: Uint32Array, frame: number): boolean {
  for (let at = 0; at < words.length; at += WORDS_PER_PAGE) if (words[at] !== frame) return false;
  return true;
}

async function consume(producerPid: number): Promise<void> {
  await using channel = await Channel.accept(producerPid);
  let wanted = -1;
  let whole = 0;
  for await (const message of channel) {
    const frame = message.region;
    if (frame) {
      if (isWhole(new Uint32Array(frame.buffer), wanted)) whole++;
      await channel.send(frame, MOVE);
    } else {
      wanted = Number(textOf(message));
      if (wanted === FRAMES) await channel.send(Buffer.from(`${whole} of ${FRAMES} frames arrived whole`));
    }
  }
}

/** The memory of a frame that has come back. */
async function nextReturned(channel: Channel): Promise<Region> {
  await channel.readable();
  const region = channel.receive()?.region;
  if (!region) throw new Error('the consumer sent no frame back');
  return region;
}

async function produce(): Promise<void> {
  const consumer = fork(fileURLToPath(import.meta.url), [String(process.pid)]);
  await using channel = await Channel.open(consumer.pid ?? 0);
  const buffers: Region[] = Array.from({ length: BUFFERS }, () => allocate(FRAME_BYTES));
  const begin = performance.now();
  for (let frame = 0; frame < FRAMES; frame++) {
    const buffer = buffers.pop() ?? (await nextReturned(channel));
    new Uint32Array(buffer.buffer).fill(frame);
    await channel.send(Buffer.from(String(frame)));
    await channel.send(buffer, MOVE);
  }
  await channel.send(Buffer.from(String(FRAMES)));
  for (let left = BUFFERS; left > 0; left--) (await nextReturned(channel)).release();
  await channel.readable();
  const message = channel.receive();
  const seconds = (performance.now() - begin) / 1000;
  if (message) console.log(textOf(message));
  const gigabytes = (FRAMES * FRAME_BYTES) / 1e9 / seconds;
  console.log(`${(FRAMES / seconds).toFixed(0)} frames a second, ${gigabytes.toFixed(1)} GB/s, written and read`);
}

await (process.argv[2] === undefined ? produce() : consume(Number(process.argv[2])));
