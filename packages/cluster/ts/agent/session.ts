import { VmoError } from 'vmoffer';
import type { Duplex } from 'node:stream';
import type { Entry, OfferRecord } from '../engine/engine.js';
import { formatAddress, isAddress, isName } from '../engine/names.js';
import { invalid } from '../errors.js';
import { Link } from '../link/link.js';
import type {
  Answers,
  ClaimRequest,
  ListedOffer,
  LocalOfferMessage,
  OfferMessage,
  OfferRequest,
  OfferedEvent,
} from '../link/messages.js';
import type { AgentContext } from './context.js';
import { LocalMemory } from './local-memory.js';
import { nonce } from './nonce.js';
import type { Received } from './received.js';
import { faultOfFlags, isHandOff, isImmutable } from './records.js';
import type { Sent, SentEnding } from './sent.js';
import { SentHandOff } from './sent-hand-off.js';
import { SentShare } from './sent-share.js';
import { ServedObject } from './served-object.js';
import { withDigest } from './units.js';

const UNIT = 256 * 1024;

/** What a session needs of its agent. */
export interface SessionAgent {
  readonly context: AgentContext;
  readonly received: Received;
  /** Sent offers of all sessions, by id: the watch of the book finds them here. */
  readonly sent: Map<string, Sent>;
  metrics(): string;
}

/** One program that is linked to the agent. */
export class Session {
  readonly #agent: SessionAgent;
  readonly #link: Link;
  readonly #objects = new Map<number, ServedObject>();
  readonly #sent = new Map<string, SentShare | SentHandOff>();
  #pid = 0;
  #isWatching = false;

  constructor(agent: SessionAgent, stream: Duplex) {
    this.#agent = agent;
    this.#link = new Link(stream, { onRequest: (request) => this.#onRequest(request) });
  }

  get closed(): Promise<void> {
    return this.#link.closed;
  }

  onOffered(record: OfferRecord): void {
    if (this.#isWatching) this.#link.tell(offeredEvent(record));
  }

  close(): void {
    this.#link.end();
  }

  /** Its process has ended. Resolves when what it sent is finished. */
  async end(staysClaimed: boolean): Promise<void> {
    await Promise.all([...this.#sent.values()].map((sent) => sent.onSourceEnded(staysClaimed)));
    if (staysClaimed) await Promise.all([...this.#sent.values()].map((sent) => sent.over));
    for (const { memory } of this.#objects.values()) memory.release();
  }

  #onRequest(request: Record<string, unknown>): unknown {
    const { op } = request;
    if (op === 'hello') return this.#hello(request['pid']);
    if (this.#pid === 0) throw invalid('say hello first');
    switch (op) {
      case 'offer':
        return this.#offer(request as unknown as OfferRequest);
      case 'forget':
        this.#forget(Number(request['memory']));
        return undefined;
      case 'cancel':
        return this.#cancel(String(request['id']));
      case 'take-back':
        return this.#takeBack(String(request['id']));
      case 'claim':
        return this.#claim(request as unknown as ClaimRequest);
      case 'watch':
        return this.#watch();
      case 'list':
        return this.#list();
      case 'metrics':
        return this.#agent.metrics();
      default:
        throw invalid(`the agent knows no request ${String(op)}; use the same version on both sides`);
    }
  }

  #hello(pid: unknown): Answers['hello'] {
    if (!Number.isInteger(pid) || Number(pid) < 1) throw invalid(`hello needs a pid, got ${String(pid)}`);
    this.#pid = Number(pid);
    return { pid: process.pid, self: this.#agent.context.engine.self };
  }

  async #offer({ memory, local, to, durable }: OfferRequest): Promise<Answers['offer']> {
    await this.#checkOffer(local, to, durable);
    const object = this.#objectFor(memory, local);
    const record = this.#record(object, local, to, durable);
    const draft: Entry = { record, revision: 0 };
    const { context } = this.#agent;
    const news = this.#newsOf(record.id);
    const sent = isHandOff(local)
      ? new SentHandOff(context, object, draft, news)
      : new SentShare(context, object, draft, news);
    this.#keep(sent, record.id);
    try {
      if (durable) await this.#store(object, to);
      else await sent.open();
      sent.announced(await context.engine.announce(record));
    } catch (error) {
      sent.finish('failed');
      throw error;
    }
    context.counters.add('offers_sent_total');
    return { id: record.id };
  }

  async #checkOffer({ address, byteLength, flags }: LocalOfferMessage, to: string, durable: boolean): Promise<void> {
    const { engine, options } = this.#agent.context;
    if (!isAddress(address) || !isName(to)) throw invalid(`there is no peer ${to}, or no address ${address}`);
    const fault = faultOfFlags(flags);
    if (fault !== undefined)
      throw new VmoError('ERR_VMO_UNSUPPORTED', `memory cannot be offered to another host so: ${fault}`);
    if (durable && isHandOff({ flags }))
      throw new VmoError('ERR_VMO_UNSUPPORTED', 'a hand-off is not durable: its bytes are kept once');
    if (durable && !engine.store)
      throw new VmoError('ERR_VMO_UNSUPPORTED', 'this engine keeps no bytes; offer without durable');
    if (this.#sent.size >= options.maxOffers)
      throw new VmoError(
        'ERR_VMO_TOO_MANY',
        `this process has ${options.maxOffers} offers to other peers; raise maxOffers`,
      );
    const isAllowed = await options.allow(to, { direction: 'sent', address, byteLength, flags });
    if (!isAllowed) throw new VmoError('ERR_VMO_NOT_PERMITTED', `this agent does not allow offers to ${to}`);
  }

  /** A hand-off has an object of its own: it is one's alone. */
  #objectFor(memory: number, local: LocalOfferMessage): ServedObject {
    const known = this.#objects.get(memory);
    if (known) return known;
    const { address, byteLength, flags } = local;
    const offered = new LocalMemory({ pid: this.#pid, address: BigInt(address), byteLength, flags });
    const grid = { byteLength, unit: UNIT, hasDigests: isImmutable(local) || isHandOff(local) };
    const object = new ServedObject(nonce(), offered, grid, this.#agent.context);
    this.#objects.set(memory, object);
    return object;
  }

  #record({ id, grid }: ServedObject, local: LocalOfferMessage, to: string, durable: boolean): OfferRecord {
    const { address, byteLength, flags } = local;
    const { self: from, direct } = this.#agent.context.engine;
    const common = { address, byteLength, flags, object: id, unit: grid.unit, durable, nonce: nonce() };
    const digests = grid.hasDigests && { digests: id };
    return { id: nonce(), from, to, stage: 'offered', ...common, ...digests, ...(direct && !durable && { direct }) };
  }

  /** All units are in the store before anybody is told of the offer. */
  async #store({ id, memory, grid }: ServedObject, to: string): Promise<void> {
    const { store } = this.#agent.context.engine;
    await memory.claim();
    const count = Math.ceil(grid.byteLength / grid.unit);
    for (let index = 0; index < count; index++) {
      const offset = index * grid.unit;
      const bytes = await memory.read({ offset, byteLength: Math.min(grid.unit, grid.byteLength - offset) });
      await store?.put(id, to, index, grid.hasDigests ? withDigest(bytes) : bytes);
    }
  }

  #newsOf(id: string) {
    return {
      ended: (ending: SentEnding) => {
        this.#link.tell({ type: 'ended', id, ending });
      },
      released: () => {
        this.#link.tell({ type: 'released', id });
      },
    };
  }

  #keep(sent: SentShare | SentHandOff, id: string): void {
    this.#sent.set(id, sent);
    this.#agent.sent.set(id, sent);
    void sent.over.then(() => {
      this.#agent.sent.delete(id);
      if (sent instanceof SentShare || !sent.canBeTakenBack) this.#sent.delete(id);
    });
  }

  #forget(memory: number): void {
    this.#objects.get(memory)?.memory.release();
    this.#objects.delete(memory);
  }

  async #cancel(id: string): Promise<boolean> {
    const sent = this.#sent.get(id);
    return sent ? sent.cancel() : false;
  }

  /** Its memory is offered back before the program, which is told of the end, has the agent forget it. */
  async #takeBack(id: string): Promise<Answers['take-back']> {
    const sent = this.#sent.get(id);
    await sent?.cancel();
    this.#sent.delete(id);
    const offer = sent instanceof SentHandOff ? sent.takeBack(this.#pid) : undefined;
    return offer ? { address: formatAddress(offer.address) } : {};
  }

  async #claim({ id, from, address }: ClaimRequest): Promise<Answers['claim']> {
    const { received } = this.#agent;
    const found = id ?? received.find(String(from), String(address)) ?? '';
    const lent = await received.claim(found, this.#pid);
    return { address: formatAddress(lent.address) };
  }

  #watch(): OfferMessage[] {
    this.#isWatching = true;
    return this.#agent.received.standing.map(messageOf);
  }

  #list(): ListedOffer[] {
    const sent = [...this.#agent.sent.values()].map(({ entry }) => listed(entry.record, 'sent'));
    return [...sent, ...this.#agent.received.standing.map((record) => listed(record, 'received'))];
  }
}

function listed(record: OfferRecord, direction: 'sent' | 'received'): ListedOffer {
  const { to, stage, durable } = record;
  return { ...messageOf(record), to, stage, durable, direction };
}

function messageOf({ id, from, address, byteLength, flags }: OfferRecord): OfferMessage {
  return { id, from, address, byteLength, flags };
}

function offeredEvent(record: OfferRecord): OfferedEvent {
  return { type: 'offered', offer: messageOf(record) };
}
