/** Both sides of a Channel as most programs use it: `await channel.send()` to send, `for await` to receive. */
import type { Channel } from 'vmoffer';
import type { End } from './end.js';
import { expectStamped, stamp } from './payload.js';
import { pauseAndThen, totalOf, type Run } from './run.js';
import { Ticks } from './ticks.js';

export class WaitingEnd implements End {
  readonly #channel: Channel;
  readonly #timed: 'round trip' | 'send';

  constructor(channel: Channel, timed: 'round trip' | 'send' = 'round trip') {
    this.#channel = channel;
    this.#timed = timed;
  }

  async send(run: Run): Promise<void> {
    const message = new Uint8Array(run.byteLength);
    for (let number = 0; number < totalOf(run); number++) {
      stamp(message, number);
      const isSent = this.#channel.send(message);
      if (isSent !== true) await isSent;
    }
  }

  async receive(run: Run): Promise<number> {
    let start = performance.now();
    let number = 0;
    for await (const { bytes } of this.#channel) {
      expectStamped(bytes, run.byteLength, number++);
      if (number === run.warmUp) start = performance.now();
      if (number === totalOf(run)) break;
    }
    return performance.now() - start;
  }

  async ping(run: Run): Promise<number[]> {
    const message = new Uint8Array(run.byteLength);
    const ticks = this.#timed === 'send' ? new Ticks(run, 1) : new Ticks(run);
    let number = 0;
    const ping = () => {
      ticks.begin(number);
      stamp(message, number);
      void this.#channel.send(message);
      if (this.#timed === 'send') ticks.end(number);
    };
    ping();
    for await (const { bytes } of this.#channel) {
      expectStamped(bytes, run.byteLength, number);
      if (this.#timed === 'round trip') ticks.end(number);
      if (++number === totalOf(run)) break;
      pauseAndThen(run, ping);
    }
    return ticks.took;
  }

  async pong(run: Run): Promise<void> {
    const message = new Uint8Array(run.byteLength);
    let number = 0;
    for await (const { bytes } of this.#channel) {
      expectStamped(bytes, run.byteLength, number);
      stamp(message, number++);
      void this.#channel.send(message);
      if (number === totalOf(run)) break;
    }
  }
}
