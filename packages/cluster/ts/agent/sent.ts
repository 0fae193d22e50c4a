import type { Entry } from '../engine/engine.js';

/** How an offer to another peer ended; as on one host, and `failed` if it could not be announced or lost its memory. */
export type SentEnding = 'claimed' | 'cancelled' | 'expired' | 'revoked' | 'failed';

/** What the program that made the offer is told. */
export interface SentNews {
  ended(ending: SentEnding): void;
  released(): void;
}

/** An offer of a process here to another peer. */
export interface Sent {
  readonly entry: Entry;
  /** Whether it may still be claimed, or is being claimed. */
  readonly isOpen: boolean;
  /** What the watch tells. */
  onChange(entry: Entry | undefined): void;
  /** Resolves to false if it had ended unclaimed. Rejects with ERR_VMO_TOO_LATE. */
  cancel(): Promise<boolean>;
  /** The source process has ended. Resolves when nothing is under way any more. */
  onSourceEnded(staysClaimed: boolean): Promise<void>;
  readonly over: Promise<void>;
}

/** A promise with its resolver, where the answer comes from elsewhere. */
export class Deferred<Value = void> {
  readonly promise: Promise<Value>;
  resolve!: (value: Value) => void;

  constructor() {
    this.promise = new Promise((resolve) => (this.resolve = resolve));
  }
}
