import { VmoError } from 'vmoffer';
import type { Entry } from '../engine/engine.js';
import type { AgentContext } from './context.js';
import { Deferred, type Sent, type SentNews } from './sent.js';
import type { ServedObject } from './served-object.js';
import { findPatiently, settle } from './settle.js';

/** Memory that another peer may read. It becomes that peer's to read with `owned`, and is released with `done`. */
export class SentShare implements Sent {
  readonly #context: AgentContext;
  readonly #object: ServedObject;
  readonly #news: SentNews;
  readonly #over = new Deferred();
  readonly #mayRead = () => this.#isClaimed();
  #entry: Entry;
  #state: 'offered' | 'claimed' | 'over' = 'offered';
  #stopWatching: (() => void) | undefined;
  #isCancelling = false;

  constructor(context: AgentContext, object: ServedObject, entry: Entry, news: SentNews) {
    this.#context = context;
    this.#object = object;
    this.#entry = entry;
    this.#news = news;
  }

  get entry(): Entry {
    return this.#entry;
  }

  get isOpen(): boolean {
    return this.#state === 'offered';
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Before it is announced, so that whoever claims it finds somebody who answers. */
  async open(): Promise<void> {
    await this.#object.open(this.#entry.record.to, this.#mayRead);
  }

  announced(entry: Entry): void {
    this.#adopt(entry);
  }

  onChange(entry: Entry | undefined): void {
    if (this.#state === 'over') return;
    if (entry) this.#adopt(entry);
    else if (!this.#isCancelling) this.finish(this.#state === 'claimed' ? 'claimed' : 'expired');
  }

  async cancel(): Promise<boolean> {
    if (this.#state === 'over') return false;
    if (this.#state === 'claimed') throw tooLate(this.#entry);
    this.#isCancelling = true; // the watch may tell of the removal before it is answered
    const cancelled = settle(this.#context.engine, { what: 'cancel', over: this.#entry, next: undefined });
    const { as, entry } = await cancelled.finally(() => (this.#isCancelling = false));
    if (as === 'written' || !entry) {
      this.finish('cancelled');
      return true;
    }
    this.#adopt(entry);
    throw tooLate(entry);
  }

  async onSourceEnded(staysClaimed: boolean): Promise<void> {
    const { durable } = this.#entry.record;
    if (durable || this.#state === 'over') return;
    if (this.#state === 'claimed' && staysClaimed && this.#object.memory.isClaimed) return;
    await this.#remove('revoked');
  }

  /** Ends it here. The book is not changed. */
  finish(ending: 'claimed' | 'cancelled' | 'expired' | 'revoked' | 'failed'): void {
    if (this.#state === 'over') return;
    if (this.#state === 'offered') this.#news.ended(ending);
    this.#state = 'over';
    this.#stopWatching?.();
    this.#news.released();
    void this.#object.close(this.#entry.record.to, this.#mayRead);
    void this.#dropStored();
    this.#over.resolve();
  }

  #adopt(entry: Entry): void {
    if (entry.revision < this.#entry.revision || this.#state === 'over') return;
    this.#entry = entry;
    const { stage } = entry.record;
    if (stage === 'owned' && this.#state === 'offered') this.#onClaimed();
    if (stage === 'done') void this.#remove('claimed');
  }

  #onClaimed(): void {
    this.#state = 'claimed';
    const { record } = this.#entry;
    this.#context.counters.add('offers_claimed_total');
    if (!record.durable) {
      this.#stopWatching = this.#context.peers.watch(record.to, () => void this.#remove('claimed'));
    }
    // Now the claimer counts on it. If it is not to be had, the claimer is told so by what it reads.
    this.#object.memory.claim().then(
      () => {
        this.#news.ended('claimed');
      },
      () => {
        this.#news.ended('revoked');
      },
    );
  }

  /** Nobody reads it any more. */
  async #remove(ending: 'claimed' | 'revoked'): Promise<void> {
    this.finish(ending);
    await removeRecord(this.#context, this.#entry);
  }

  async #dropStored(): Promise<void> {
    const { object, to, durable } = this.#entry.record;
    if (durable) await this.#context.engine.store?.drop(object, to).catch(() => undefined); // its connection ended
  }

  /** The book is asked where the watch has not told yet. */
  async #isClaimed(): Promise<boolean> {
    if (this.#state === 'offered') {
      const found = await this.#context.engine.find(this.#entry.record);
      if (found) this.#adopt(found);
    }
    return this.#state === 'claimed';
  }
}

/** Removes a record whatever others make of it meanwhile. The connection may end before that. */
export async function removeRecord({ engine }: AgentContext, known: Entry): Promise<void> {
  let entry: Entry | undefined = known;
  try {
    while (entry) {
      const settled: { as: string; entry: Entry | undefined } = await settle(engine, {
        what: 'remove',
        over: entry,
        next: undefined,
      });
      if (settled.as === 'written') return;
      entry = await findPatiently(engine, entry);
    }
  } catch {
    // the next agent of this peer removes it
  }
}

function tooLate({ record }: Entry): VmoError {
  return new VmoError(
    'ERR_VMO_TOO_LATE',
    `the offer of ${record.address} to ${record.to} has been claimed, or is being claimed; await offer.released`,
  );
}
