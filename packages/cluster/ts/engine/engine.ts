/**
 * What the agents of two hosts need from whatever connects them. One contract suite tests every engine
 * (`spec/engine/contract.ts`), so that the rest of the package knows none of them.
 *
 * An engine carries two things. The *book*: a small record for each offer, kept where both agents see it, and changed by
 * compare-and-set alone. And *ranges*: bytes of an object, asked of the agent that holds it.
 */
export interface Engine {
  /** The peer that this connection speaks for. The engine's own authentication decides whether it may. */
  readonly self: string;

  /**
   * Enters a new record.
   *
   * @throws {EngineError} 'conflict' if the id is taken, or was; 'uncertain' as replace().
   */
  announce(record: OfferRecord): Promise<Entry>;
  /**
   * Replaces the record of `entry` if nobody has changed it since. This call's result decides who owns what, never a read.
   *
   * @throws {EngineError} 'conflict' if somebody changed or removed it; 'uncertain' if the answer was lost: find out by
   *   comparing what `find` returns with `next` (a record has a nonce for that). It may still be written later, and another try
   *   may then be in 'conflict' with it.
   */
  replace(entry: Entry, next: OfferRecord): Promise<Entry>;
  /** Removes the record of `entry` if nobody has changed it since. @throws {EngineError} as replace(). */
  withdraw(entry: Entry): Promise<void>;
  /** The record as it stands, from the server that decides, not from a copy. Undefined: there is none. */
  find(name: OfferName): Promise<Entry | undefined>;
  /**
   * Every record that names this peer, as sender or receiver: first those that stand, then each change. A removed one comes
   * with `entry` undefined. A change that a later one of the same record has overtaken may be left out. Survives lost
   * connections: after one, what changed meanwhile comes. Ends with `signal` or close(); throws when the connection ends.
   */
  watch(signal: AbortSignal): AsyncIterable<Change>;

  /** Answers ranges of `object` to `reader` until it is closed. Several may be asked for at once. */
  serve(object: string, reader: string, answer: AnswerRange): Promise<Service>;
  /**
   * Asks `holder` for bytes of `object`: at most {@link MAX_RANGE_BYTES}. Resolves to exactly `byteLength` bytes, which are the
   * caller's.
   *
   * @throws {EngineError} 'gone' at once if nobody answers for that object; 'refused' with the holder's reason; 'timeout';
   *   or `signal.reason`.
   */
  read(holder: string, object: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array>;

  /** Whether `peer` has an agent that answers now. Rejects as read() does when it cannot be told in time. */
  ping(peer: string, signal: AbortSignal): Promise<boolean>;
  /** Answers ping() from now on. */
  listen(): Promise<Service>;

  /** Where this peer answers ranges, besides by way of the engine. It goes into the records of what is served. */
  readonly direct?: DirectAddress | undefined;

  /** Stored bytes for durable offers. Undefined: this engine has none. */
  readonly store: Store | undefined;

  /** Resolves when the connection has ended for good, with the cause unless close() was called. */
  readonly closed: Promise<Error | undefined>;
  /** Ends everything at once: calls under way reject with 'closed', and ranges under way are not answered. */
  close(): Promise<void>;
}

/** The largest range of one read: the default limit of a NATS server. */
export const MAX_RANGE_BYTES = 1 << 20;

export interface ByteRange {
  /** In bytes from the start of the object. */
  offset: number;
  byteLength: number;
}

/** Bytes for a range: exactly as many as asked for. The engine reads them before it runs anything else of this thread. */
export type AnswerRange = (range: ByteRange) => Uint8Array | Promise<Uint8Array>;

export interface Service {
  /** No range is answered from now on. Resolves when those under way are done. */
  close(): Promise<void>;
}

/** Bytes that outlive their source, one unit of an object a message. */
export interface Store {
  put(object: string, reader: string, unit: number, bytes: Uint8Array): Promise<void>;
  get(holder: string, object: string, unit: number, signal: AbortSignal): Promise<Uint8Array>;
  /** Removes all units of the object. */
  drop(object: string, reader: string): Promise<void>;
}

/** Names one offer in the book. */
export interface OfferName {
  /** 128 random bits, as 32 hexadecimal digits. */
  id: string;
  from: string;
  to: string;
}

export type OfferStage = 'offered' | 'claiming' | 'owned' | 'done';

/** An offer, as the book has it. Numbers are JSON numbers; addresses are hexadecimal with 0x. */
export interface OfferRecord extends OfferName {
  stage: OfferStage;
  /** The address in the source process. With `from` it names the offer as it does on one host. */
  address: string;
  byteLength: number;
  flags: number;
  /** What ranges are asked of: offers of the same memory share it, and so one fill serves all their claimers. */
  object: string;
  /** Bytes asked for at once. */
  unit: number;
  /** Whether the bytes are in the engine's store. */
  durable: boolean;
  /** Changed by every writer, so that one whose answer was lost can tell its own record from another's. */
  nonce: string;
  /** While 'claiming': milliseconds since 1970 by the claimer's clock, and how long the source lets it be. */
  lease?: { until: number; ms: number };
  /** SHA-256 of each unit in hexadecimal, where the offer is immutable and they are known: the object that holds them. */
  digests?: string;
  /** Where the object is read directly, over HTTPS with certificates on both sides. Nobody changes it. */
  direct?: DirectAddress;
}

export interface DirectAddress {
  /** A name, or an address of IPv4 or IPv6. */
  host: string;
  port: number;
}

export interface Entry {
  record: OfferRecord;
  /** What compare-and-set compares. */
  revision: number;
}

export interface Change {
  name: OfferName;
  entry: Entry | undefined;
}

export type EngineErrorReason = 'conflict' | 'uncertain' | 'gone' | 'refused' | 'timeout' | 'closed' | 'not-permitted';

/** Says why an engine could not do what it was asked for. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly reason: EngineErrorReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
