import { expect } from 'chai';
import { SentEnclosures } from '#ts/channel/enclosed/sent-enclosures.js';
import { Outbox } from '#ts/channel/outbox.js';
import type { RingWriter } from '#ts/channel/ring/ring-writer.js';

/** Long enough for several turns of the event loop to become due. */
const SOME_MS = 50;

/** A full ring whose reader makes room for one message at every look. */
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
    // No reader sees it.
  }
  wakeUp(): void {
    // No bell rings.
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

describe('an outbox', () => {
  it('gives the event loop a turn now and then, although every look finds room', async () => {
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
