import { expect } from 'chai';
import { SentEnclosures } from '#ts/channel/enclosed/sent-enclosures.js';
import { Outbox } from '#ts/channel/outbox.js';
import type { RingWriter } from '#ts/channel/ring/ring-writer.js';

/** Long enough for some turns to be owed. */
const SOME_MS = 50;

/** A ring that is full, and whose reader makes room for one message whenever somebody looks. */
class NearlyFullRing {
  readonly slotBytes = 56;
  #room = 0;

  hasRoom(): boolean {
    return this.#room > 0;
  }
  glance(): boolean {
    this.#room = 1;
    return true;
  }
  prepareToSleep(): boolean {
    return !this.glance();
  }
  put(): void {
    this.#room--;
  }
  publish(): void {
    // Nobody reads it.
  }
  wakeUp(): void {
    // Nobody rings.
  }
}

function outboxOf(ring: NearlyFullRing): Outbox {
  const host = {
    onWaiting: () => undefined,
    lookAtPeer: () => undefined,
    lookAgain: () => {
      outbox.wake();
    },
  };
  const enclosures = new SentEnclosures(process.pid, () => undefined);
  const whereabouts = { wereApart: true, areApart: () => true };
  const outbox = new Outbox(ring as unknown as RingWriter, 2, enclosures, whereabouts, 'wait', host);
  return outbox;
}

async function afterMicrotasks(): Promise<string> {
  for (let count = 0; count < 10; count++) await Promise.resolve();
  return 'it waits for the turn';
}

describe('what goes out from one side of a channel', () => {
  it('gives the event loop a turn now and then, though looking always finds room', async () => {
    const outbox = outboxOf(new NearlyFullRing());
    let owed = 0;
    for (const end = performance.now() + SOME_MS; performance.now() < end;) {
      const sent = outbox.send(Uint8Array.of(1), undefined);
      if (sent === true) continue;
      owed++;
      expect(await Promise.race([sent, afterMicrotasks()])).to.equal('it waits for the turn');
      expect(await sent).to.be.true;
    }
    expect(owed).to.be.within(2, SOME_MS);
  });
});
