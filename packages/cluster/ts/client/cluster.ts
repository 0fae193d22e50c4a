import type { Duplex } from 'node:stream';
import {
  claimFrom,
  offersFrom,
  offerTo,
  vmClaim,
  VmoError,
  type Claim,
  type ClaimOptions,
  type OfferableMemory,
} from 'vmoffer';
import { aborted } from '../engine/aborted.js';
import { formatAddress, isName } from '../engine/names.js';
import { invalid } from '../errors.js';
import { Link } from '../link/link.js';
import type { Answers, LinkEvent, ListedOffer, OfferMessage } from '../link/messages.js';
import { ClusterOffer } from './cluster-offer.js';
import { IncomingClusterOffer, IncomingQueue } from './incoming.js';
import { OfferedMemories } from './offered-memory.js';

/** How memory is offered to a peer. */
export interface PeerOptions {
  /**
   * Whether the bytes are put into the engine's store when they are offered, all of them. They can then be claimed and read when
   * this process and its agent have ended. Default: false.
   */
  durable?: boolean;
}

/** An offer that stands, from `cluster.list()`. */
export interface ClusterOfferRecord {
  id: string;
  from: string;
  to: string;
  address: bigint;
  byteLength: number;
  flags: number;
  durable: boolean;
  direction: 'sent' | 'received';
  /** `'offered'`, `'claiming'` (a hand-off is under way), or `'owned'` (it is claimed). */
  stage: string;
}

/** Another host, or another service on this one, to which memory can be offered. It need not be there yet. */
export class Peer {
  /** @internal */
  constructor(
    readonly name: string,
    private readonly cluster: Cluster,
    private readonly options: PeerOptions,
  ) {}

  [offerTo](memory: OfferableMemory, flags: number): ClusterOffer {
    return this.cluster.offer(this.name, memory, flags, this.options.durable ?? false);
  }

  [claimFrom](address: bigint, options: ClaimOptions): Promise<Claim> {
    return this.cluster.claim({ from: this.name, address: formatAddress(address) }, options);
  }
}

/** A connection to an agent, and by way of it to all peers. From {@link join}. */
export class Cluster {
  /** The name of this peer. */
  readonly self: string;
  /** The pid of the agent: what is claimed here comes from it. */
  readonly agentPid: number;
  /** Resolves when the agent has ended, or the connection to it. */
  readonly closed: Promise<void>;
  readonly #link: Link;
  readonly #memories: OfferedMemories;
  readonly #offers = new Map<string, ClusterOffer>();
  readonly #queues: Set<IncomingQueue>;
  readonly #end: () => Promise<void>;

  /** @internal Says hello on the stream. */
  static async on(stream: Duplex, end: () => Promise<void>): Promise<Cluster> {
    const queues = new Set<IncomingQueue>();
    const handlers: { onEvent: (event: Record<string, unknown>) => void } = { onEvent: () => undefined };
    const link = new Link(stream, {
      onEvent: (event) => {
        handlers.onEvent(event);
      },
    });
    const hello = await link.request<Answers['hello']>({ op: 'hello', pid: process.pid });
    const cluster = new Cluster(link, hello, queues, end);
    handlers.onEvent = (event) => {
      cluster.#onEvent(event as unknown as LinkEvent);
    };
    return cluster;
  }

  private constructor(
    link: Link,
    { pid, self }: Answers['hello'],
    queues: Set<IncomingQueue>,
    end: () => Promise<void>,
  ) {
    this.self = self;
    this.agentPid = pid;
    this.#link = link;
    this.#queues = queues;
    this.#end = end;
    this.#memories = new OfferedMemories(pid, link);
    this.closed = link.closed;
    void link.closed.then(() => {
      this.#onClosed();
    });
  }

  /** Names a peer as a destination of `vmOffer()`, and a source of `vmClaim()`. */
  peer(name: string, options: PeerOptions = {}): Peer {
    if (!isName(name))
      throw invalid(`a peer's name must be 1 to 64 letters, digits, - or _, got ${JSON.stringify(name)}`);
    return new Peer(name, this, options);
  }

  /** The offers that this peer has sent or received and that stand. */
  async list(): Promise<ClusterOfferRecord[]> {
    const listed = await this.#link.request<ListedOffer[]>({ op: 'list' });
    return listed.map((record) => ({ ...record, address: BigInt(record.address) }));
  }

  /** What the agent counts, in the text form of Prometheus. */
  async metrics(): Promise<string> {
    return this.#link.request<string>({ op: 'metrics' });
  }

  /** Leaves the cluster. An agent that this process has started finishes what it has begun, and ends. */
  async close(): Promise<void> {
    this.#link.close();
    await this.#link.closed;
    await this.#end();
  }

  /** Calls `close()` at the end of the scope of `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async *[offersFrom]({ signal }: { signal?: AbortSignal }): AsyncGenerator<IncomingClusterOffer, void> {
    signal?.throwIfAborted();
    const queue = new IncomingQueue();
    const onAbort = () => {
      queue.end(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort);
    this.#queues.add(queue);
    try {
      const standing = await this.#link.request<OfferMessage[]>({ op: 'watch' });
      for (const offer of standing) queue.push(this.#incoming(offer));
      yield* queue.take();
    } finally {
      this.#queues.delete(queue);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** @internal */
  offer(to: string, memory: OfferableMemory, flags: number, durable: boolean): ClusterOffer {
    const { number, offer: local, done } = this.#memories.use(memory, flags);
    const { address, byteLength } = local;
    const message = { address: formatAddress(address), byteLength, flags };
    const answer = this.#link.request<Answers['offer']>({ op: 'offer', memory: number, local: message, to, durable });
    const id = answer.then((told) => told.id);
    const offer = new ClusterOffer(this.#link, this.agentPid, id, { to, address, byteLength, flags });
    id.then(
      (known) => {
        this.#offers.set(known, offer);
        for (const event of this.#early.get(known) ?? []) this.#onOfferEvent(offer, event);
        this.#early.delete(known);
      },
      () => undefined,
    );
    void offer.released.then(done);
    return offer;
  }

  /** @internal */
  async claim(what: { id: string } | { from: string; address: string }, options: ClaimOptions = {}): Promise<Claim> {
    const { timeoutMs, signal } = options;
    const asked = this.#link.request<Answers['claim']>({ op: 'claim', ...what });
    const { address } = await within(asked, timeoutMs, signal);
    return vmClaim(this.agentPid, BigInt(address), options);
  }

  readonly #early = new Map<string, LinkEvent[]>();

  #incoming(offer: OfferMessage): IncomingClusterOffer {
    return new IncomingClusterOffer(offer, (options) => this.claim({ id: offer.id }, options));
  }

  #onEvent(event: LinkEvent): void {
    if (event.type === 'offered') {
      for (const queue of this.#queues) queue.push(this.#incoming(event.offer));
      return;
    }
    const offer = this.#offers.get(event.id);
    if (offer) this.#onOfferEvent(offer, event);
    else if (this.#early.size < MAX_EARLY) this.#early.set(event.id, [...(this.#early.get(event.id) ?? []), event]);
  }

  #onOfferEvent(offer: ClusterOffer, event: LinkEvent): void {
    if (event.type === 'ended') offer.end(event.ending as ClusterOffer['state'] & ('claimed' | 'failed'));
    if (event.type === 'released') {
      offer.onReleased();
      this.#offers.delete(event.id);
    }
  }

  #onClosed(): void {
    const error = new VmoError(
      'ERR_VMO_PEER_GONE',
      'the agent has ended, or the connection to it: join the cluster again',
    );
    for (const queue of this.#queues) queue.end(error);
    for (const offer of this.#offers.values()) offer.onAgentEnded();
    this.#offers.clear();
  }
}

/** An event may come with the answer that names its offer, in one read. */
const MAX_EARLY = 4096;

async function within<Value>(asked: Promise<Value>, timeoutMs?: number, signal?: AbortSignal): Promise<Value> {
  if (timeoutMs === undefined && !signal) return asked;
  const done = new AbortController();
  const ends: Promise<never>[] = [];
  if (signal) ends.push(aborted(signal, done.signal));
  if (timeoutMs !== undefined) {
    const timeout = AbortSignal.timeout(timeoutMs);
    ends.push(aborted(timeout, done.signal, () => timedOut(timeoutMs)));
  }
  asked.catch(() => undefined); // if it is given up before
  try {
    return await Promise.race([asked, ...ends]);
  } finally {
    done.abort();
  }
}

function timedOut(timeoutMs: number): VmoError {
  return new VmoError(
    'ERR_VMO_TIMEOUT',
    `the memory was not here within ${timeoutMs} ms; what has been begun goes on, so claim it again`,
  );
}
