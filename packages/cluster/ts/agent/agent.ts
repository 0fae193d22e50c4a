import type { Duplex } from 'node:stream';
import { debuglog } from 'node:util';
import { VmoError } from 'vmoffer';
import type { Change, Engine, Entry, OfferRecord, Service } from '../engine/engine.js';
import { Counters } from './counters.js';
import type { AgentContext } from './context.js';
import { checkAgentOptions, type AgentOptions, type CheckedAgentOptions } from './options.js';
import { PeerWatch } from './peer-watch.js';
import { Received } from './received.js';
import { nonce } from './nonce.js';
import { isHandOff } from './records.js';
import type { Sent } from './sent.js';
import { removeRecord } from './sent-share.js';
import { Session } from './session.js';
import { settle } from './settle.js';

const debug = debuglog('vmoffer-agent');

const ASKS_ITSELF_WITHIN_MS = 2000;

/** Stands between the programs of one host, or of one program, and the other peers of the cluster. */
export class Agent {
  readonly context: AgentContext;
  readonly received: Received;
  readonly sent = new Map<string, Sent>();
  readonly #sessions = new Set<Session>();
  readonly #watching = new AbortController();
  readonly #services: Service[] = [];

  /** Rejects with ERR_VMO_BUSY if the peer has an agent already, and where the book cannot be used. */
  static async start(engine: Engine, options: AgentOptions = {}): Promise<Agent> {
    const checked = await checkAgentOptions(options);
    await engine.find({ from: engine.self, to: engine.self, id: nonce() });
    const isTaken = await engine.ping(engine.self, AbortSignal.timeout(ASKS_ITSELF_WITHIN_MS));
    if (isTaken) throw new VmoError('ERR_VMO_BUSY', `the peer ${engine.self} has an agent already; use another name`);
    const counters = new Counters();
    const reaching = await reachDirectly(engine, checked, counters);
    const agent = new Agent(reaching, checked, counters);
    agent.#services.push(await reaching.listen());
    void agent.#watch();
    return agent;
  }

  private constructor(engine: Engine, options: CheckedAgentOptions, counters: Counters) {
    const peers = new PeerWatch(engine, options.leaseMs);
    this.context = { engine, counters, peers, options };
    this.received = new Received(this.context, (record) => {
      for (const session of this.#sessions) session.onOffered(record);
    });
    void engine.closed.then(() => {
      this.#watching.abort();
      peers.close();
      this.received.close();
    });
  }

  /** A program on this stream. Resolves when it has left and what it sent is finished. */
  async attach(stream: Duplex, { staysClaimed }: { staysClaimed: boolean }): Promise<void> {
    const session = new Session(this, stream);
    this.#sessions.add(session);
    await session.closed;
    this.#sessions.delete(session);
    await session.end(staysClaimed);
  }

  metrics(): string {
    return this.context.counters.toText(this.context.engine.self, {
      programs: this.#sessions.size,
      offers_standing: this.sent.size,
      claims_held: this.received.claimCount,
    });
  }

  async close(): Promise<void> {
    for (const session of this.#sessions) session.close();
    this.#watching.abort();
    this.context.peers.close();
    this.received.close();
    await Promise.all(this.#services.map((service) => service.close()));
    await this.context.engine.close();
  }

  async #watch(): Promise<void> {
    try {
      for await (const change of this.context.engine.watch(this.#watching.signal)) await this.#onChange(change);
    } catch {
      if (!this.#watching.signal.aborted) await this.context.engine.close();
    }
  }

  async #onChange(change: Change): Promise<void> {
    const { name, entry } = change;
    const { self } = this.context.engine;
    if (name.from === self) {
      const sent = this.sent.get(name.id);
      if (sent) sent.onChange(entry);
      else if (entry) await this.#clean(entry);
    }
    if (name.to === self) await this.received.onChange(change);
  }

  /** Of an agent before this one. A claimer that has not learnt yet that it owns the memory must find the record. */
  async #clean(entry: Entry): Promise<void> {
    const { record } = entry;
    if (record.durable || (isHandOff(record) && record.stage === 'done')) return;
    if (!isHandOff(record) || record.stage !== 'owned') return removeRecord(this.context, entry);
    const next: OfferRecord = { ...record, stage: 'done' };
    await settle(this.context.engine, { what: 'done', over: entry, next }).catch(() => undefined); // its connection ended
  }
}

/** The code is loaded where it is used. */
async function reachDirectly(engine: Engine, { direct }: CheckedAgentOptions, counters: Counters): Promise<Engine> {
  if (!direct) return engine;
  const { DirectEngine } = await import('../engine/direct/direct-engine.js');
  return DirectEngine.start(engine, direct, {
    readDirectly: () => {
      counters.add('direct_reads_total');
    },
    fellBack: (why) => {
      counters.add('direct_fallbacks_total');
      debug('%s', why.message);
    },
  });
}
