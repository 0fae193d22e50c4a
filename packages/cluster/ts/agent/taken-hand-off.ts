import { allocate, type Region } from 'vmoffer';
import { EngineError, type Entry } from '../engine/engine.js';
import {
  startClaimer,
  stepClaimer,
  type ClaimerEffect,
  type ClaimerEvent,
  type ClaimerState,
} from '../handoff/claimer-side.js';
import { carryOut } from './book-effects.js';
import type { AgentContext } from './context.js';
import { nonce } from './nonce.js';
import { isGone, UnitSource } from './unit-source.js';

const CONCURRENCY = 8;
const LEASES_PER_RENEWAL = 3;
/** What a reader may find gone while the connections are being set up again. */
const PAUSE_MS = 100;

export type TakeOutcome = { owns: true; region: Region; entry: Entry } | { owns: false; why: string; cause: unknown };

/** Takes over the memory of another peer: copies all of it, and owns it once the book says so. */
export class TakenHandOff {
  readonly #context: AgentContext;
  readonly #source: UnitSource;
  readonly #ending = new AbortController();
  #state: ClaimerState | undefined;
  #region: Region | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #cause: unknown;
  #resolve!: (outcome: TakeOutcome) => void;

  constructor(context: AgentContext, entry: Entry) {
    this.#context = context;
    this.#source = new UnitSource(entry.record, context.engine, context.counters);
  }

  /** Never rejects. */
  take(entry: Entry): Promise<TakeOutcome> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const [state, effects] = startClaimer(entry, this.#lease());
      this.#state = state;
      for (const effect of effects) this.#do(effect);
    });
  }

  #lease() {
    return { ms: this.#context.options.leaseMs, now: Date.now(), nonce: nonce() };
  }

  #step(event: ClaimerEvent): void {
    if (!this.#state) return;
    const [state, effects] = stepClaimer(this.#state, event, this.#lease());
    this.#state = state;
    for (const effect of effects) this.#do(effect);
  }

  #do(effect: ClaimerEffect): void {
    switch (effect.do) {
      case 'pull':
        void this.#pull();
        return;
      case 'own':
        this.#own();
        return;
      case 'discard':
        this.#end({ owns: false, why: effect.why, cause: this.#cause });
        return;
      default:
        if (this.#state) this.#change(this.#state.entry, effect);
    }
  }

  #change(about: Entry, effect: Parameters<typeof carryOut>[2]): void {
    carryOut(this.#context.engine, about, effect).then(
      (event) => {
        this.#step(event);
      },
      (error: unknown) => {
        // The connection has ended for good, so the agent ends, and whatever it has with it.
        this.#end({ owns: false, why: 'lost', cause: error });
      },
    );
  }

  async #pull(): Promise<void> {
    const { leaseMs } = this.#context.options;
    this.#renewal = setInterval(() => {
      this.#step({ type: 'renew' });
    }, leaseMs / LEASES_PER_RENEWAL);
    const { from } = this.#source.record;
    const stopWatching = this.#context.peers.watch(from, () => {
      this.#ending.abort(new EngineError('gone', `${from} is gone: its agent has ended, or cannot be reached`));
    });
    try {
      this.#region = allocate(this.#source.grid.byteLength);
      await this.#copyAll(this.#region);
      this.#step({ type: 'pulled' });
    } catch (error) {
      this.#cause = this.#ending.signal.aborted ? this.#ending.signal.reason : error;
      this.#step({ type: 'pull-failed' });
    } finally {
      clearInterval(this.#renewal);
      stopWatching();
    }
  }

  async #copyAll(region: Region): Promise<void> {
    const { unit } = this.#source.grid;
    const count = Math.ceil(region.byteLength / unit);
    let next = 0;
    const copy = async () => {
      while (next < count) {
        const index = next++;
        const bytes = await this.#fetch(index);
        if (!isAllZeros(bytes)) region.view(index * unit, bytes.byteLength).set(bytes);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, copy)).catch((error: unknown) => {
      this.#ending.abort(error);
      throw error;
    });
  }

  async #fetch(index: number): Promise<Uint8Array> {
    for (;;) {
      this.#ending.signal.throwIfAborted();
      try {
        return await this.#source.fetch(index, this.#ending.signal);
      } catch (error) {
        if (!isGone(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS)); // the watch of the peers decides
      }
    }
  }

  #own(): void {
    const { counters } = this.#context;
    counters.add('hand_offs_taken_total');
    if (this.#region && this.#state) this.#end({ owns: true, region: this.#region, entry: this.#state.entry });
  }

  #end(outcome: TakeOutcome): void {
    this.#state = undefined;
    if (!outcome.owns) {
      this.#context.counters.add('hand_offs_failed_total');
      this.#region?.release();
      this.#ending.abort(new Error('the hand-off has ended'));
    }
    this.#resolve(outcome);
  }
}

/** A hole stays a hole. */
function isAllZeros(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && Buffer.compare(bytes.subarray(1), bytes.subarray(0, -1)) === 0;
}
