/** Both sides of a Channel that polls: a side that finds the ring empty, or full, looks again at once. */
import type { Channel, Message } from 'vmoffer';
import type { End } from './end.js';
import { expectPatience } from './patience.js';
import { expectStamped, stamp } from './payload.js';
import { BATCH, totalOf, type Run } from './run.js';
import { Ticks } from './ticks.js';

/** `copy`: send(). `in place`: reserve() and commit(). `batch`: sendMany(), BATCH at a time. */
export type Sending = 'copy' | 'in place' | 'batch';

export class PollingEnd implements End {
  readonly #channel: Channel;
  readonly #sending: Sending;

  constructor(channel: Channel, sending: Sending) {
    this.#channel = channel;
    this.#sending = sending;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async send(run: Run): Promise<void> {
    switch (this.#sending) {
      case 'copy': {
        sendCopies(this.#channel, run);
        return;
      }
      case 'in place': {
        sendInPlace(this.#channel, run);
        return;
      }
      case 'batch': {
        sendBatches(this.#channel, run);
        return;
      }
    }
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async receive(run: Run): Promise<number> {
    let number = 0;
    while (number < run.warmUp) receiveOne(this.#channel, run.byteLength, number++);
    const start = performance.now();
    while (number < totalOf(run)) receiveOne(this.#channel, run.byteLength, number++);
    return performance.now() - start;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async ping(run: Run): Promise<number[]> {
    const ticks = new Ticks(run);
    for (let number = 0; number < totalOf(run); number++) {
      ticks.begin(number);
      sendOneInPlace(this.#channel, run.byteLength, number);
      receiveOne(this.#channel, run.byteLength, number);
      ticks.end(number);
    }
    return ticks.took;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- it never waits
  async pong(run: Run): Promise<void> {
    for (let number = 0; number < totalOf(run); number++) {
      receiveOne(this.#channel, run.byteLength, number);
      sendOneInPlace(this.#channel, run.byteLength, number);
    }
  }
}

function sendCopies(channel: Channel, run: Run): void {
  const message = new Uint8Array(run.byteLength);
  for (let number = 0; number < totalOf(run); number++) {
    stamp(message, number);
    for (let polls = 0; channel.send(message) === false; polls++) expectPatience(polls);
  }
}

function sendInPlace(channel: Channel, run: Run): void {
  for (let number = 0; number < totalOf(run); number++) sendOneInPlace(channel, run.byteLength, number);
}

function sendBatches(channel: Channel, run: Run): void {
  const messages = Array.from({ length: BATCH }, () => new Uint8Array(run.byteLength));
  for (let first = 0; first < totalOf(run); first += BATCH) {
    const batch = messages.slice(0, totalOf(run) - first);
    batch.forEach((message, place) => {
      stamp(message, first + place);
    });
    sendWholeBatch(channel, batch);
  }
}

/** REQUIRES: the channel has `whenFull: 'fail'`, so that sendMany() returns a number. */
function sendWholeBatch(channel: Channel, messages: readonly Uint8Array[]): void {
  let rest = messages;
  for (let polls = 0; rest.length > 0; polls++) {
    expectPatience(polls);
    const sent = channel.sendMany(rest) as number;
    if (sent > 0) rest = rest.slice(sent);
  }
}

function sendOneInPlace(channel: Channel, byteLength: number, number: number): void {
  let slot = channel.reserve(byteLength);
  for (let polls = 0; slot === undefined; polls++) {
    expectPatience(polls);
    slot = channel.reserve(byteLength);
  }
  stamp(slot, number);
  channel.commit();
}

function receiveOne(channel: Channel, byteLength: number, number: number): void {
  let message: Message | undefined = channel.receive();
  for (let polls = 0; message === undefined; polls++) {
    expectPatience(polls);
    message = channel.receive();
  }
  expectStamped(message.bytes, byteLength, number);
}
