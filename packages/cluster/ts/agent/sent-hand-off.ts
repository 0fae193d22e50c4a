import { VMO_DISOWN, vmOffer, VmoError, type Claim, type Offer } from 'vmoffer';
import { nonce } from './nonce.js';
import type { Entry } from '../engine/engine.js';
import type { BookEvent } from '../handoff/book-write.js';
import {
  startSource,
  stepSource,
  type SourceEffect,
  type SourceEvent,
  type SourceState,
} from '../handoff/source-side.js';
import { carryOut } from './book-effects.js';
import type { AgentContext } from './context.js';
import { Deferred, type Sent, type SentNews } from './sent.js';
import type { ServedObject } from './served-object.js';

/** Memory that becomes another peer's; see handoff/source-side.ts for who has it when. */
export class SentHandOff implements Sent {
  readonly #context: AgentContext;
  readonly #object: ServedObject;
  readonly #news: SentNews;
  readonly #over = new Deferred();
  readonly #mayRead = () => this.#isLent();
  readonly #cancels: ((cancelled: boolean) => void)[] = [];
  #state: SourceState;
  #lease: NodeJS.Timeout | undefined;
  #kept = false;
  #custody: Claim | undefined;
  #nextPhase = new Deferred();

  constructor(context: AgentContext, object: ServedObject, entry: Entry, news: SentNews) {
    this.#context = context;
    this.#object = object;
    this.#news = news;
    this.#state = startSource(entry);
  }

  get entry(): Entry {
    return this.#state.entry;
  }

  get isOpen(): boolean {
    return this.#state.phase === 'offered' || this.#state.phase === 'lent';
  }

  get over(): Promise<void> {
    return this.#over.promise;
  }

  async open(): Promise<void> {
    await this.#object.open(this.entry.record.to, this.#mayRead);
  }

  announced(entry: Entry): void {
    this.#state = { ...this.#state, entry };
  }

  onChange(entry: Entry | undefined): void {
    this.#step({ type: 'seen', entry });
  }

  cancel(): Promise<boolean> {
    if (this.#state.phase === 'over') return Promise.resolve(false);
    const { address, to } = this.entry.record;
    return new Promise((resolve, reject) => {
      this.#cancels.push((cancelled) => {
        if (cancelled) resolve(true);
        else reject(new VmoError('ERR_VMO_TOO_LATE', `the hand-off of ${address} to ${to} has begun or is over`));
      });
      this.#step({ type: 'cancel' });
    });
  }

  /** What is lent is finished first; what is not, ends with its source. */
  async onSourceEnded(): Promise<void> {
    while (this.isOpen) {
      if (this.#state.phase === 'offered') await this.cancel().catch(() => undefined);
      else await Promise.race([this.#over.promise, this.#nextPhase.promise]);
    }
  }

  /** It was cancelled after it had left its source. */
  get canBeTakenBack(): boolean {
    return this.#kept && this.#custody !== undefined;
  }

  /** After a cancel: gives the memory back to its source, if the agent had it. */
  takeBack(pid: number): Offer | undefined {
    const { byteLength, flags } = this.#object.memory.offer;
    if (!this.#kept || !this.#custody) return undefined;
    return vmOffer(pid, this.#custody.range(0, byteLength), flags | VMO_DISOWN);
  }

  finish(ending: 'claimed' | 'cancelled' | 'expired' | 'failed'): void {
    clearTimeout(this.#lease);
    this.#news.ended(ending);
    this.#news.released();
    void this.#object.close(this.entry.record.to, this.#mayRead);
    this.#over.resolve();
  }

  #step(event: SourceEvent): void {
    const before = this.#state.phase;
    const [state, effects] = stepSource(this.#state, event, nonce());
    this.#state = state;
    for (const effect of effects) this.#do(effect);
    if (state.phase === before) return;
    this.#nextPhase.resolve();
    this.#nextPhase = new Deferred();
  }

  #do(effect: SourceEffect): void {
    switch (effect.do) {
      case 'take-custody':
        void this.#takeCustody();
        return;
      case 'start-lease':
        this.#startLease(effect.ms, effect.revision);
        return;
      case 'drop':
        this.#drop();
        return;
      case 'keep':
        this.#kept = true;
        this.#answerCancels(true);
        this.finish(effect.why === 'cancelled' ? 'cancelled' : effect.why === 'removed' ? 'expired' : 'failed');
        return;
      case 'too-late':
        this.#answerCancels(false);
        return;
      default:
        void carryOut(this.#context.engine, this.entry, effect).then(
          (event: BookEvent) => {
            this.#step(event);
          },
          () => {
            this.#onBookLost();
          },
        );
    }
  }

  async #takeCustody(): Promise<void> {
    try {
      this.#custody = await this.#object.memory.claim();
      this.#step({ type: 'custody-taken' });
    } catch {
      this.#step({ type: 'custody-failed' });
    }
  }

  #startLease(ms: number, revision: number): void {
    clearTimeout(this.#lease);
    const patience = Math.min(Math.max(ms, 1), this.#context.options.leaseMs);
    this.#lease = setTimeout(() => {
      this.#step({ type: 'lease-over', revision });
    }, patience);
  }

  #drop(): void {
    this.#context.counters.add('hand_offs_given_total');
    this.#context.counters.add('offers_claimed_total');
    this.#object.memory.release();
    this.#custody = undefined;
    this.#answerCancels(false);
    this.finish('claimed');
  }

  /** The connection has ended for good. Who has the memory cannot be found out: it is given to nobody. */
  #onBookLost(): void {
    this.#answerCancels(false);
    this.finish('failed');
  }

  #answerCancels(cancelled: boolean): void {
    for (const answer of this.#cancels.splice(0)) answer(cancelled);
  }

  /** Nothing is read but while it is lent: otherwise a claimer might get all of it that nobody counts on. */
  async #isLent(): Promise<boolean> {
    if (this.#state.phase === 'offered') {
      const entry = await this.#context.engine.find(this.entry.record);
      if (entry) this.#step({ type: 'seen', entry });
    }
    if (this.#state.phase !== 'lent') return false;
    await this.#object.memory.claim();
    return this.#isStillLent();
  }

  #isStillLent(): boolean {
    return this.#state.phase === 'lent';
  }
}
