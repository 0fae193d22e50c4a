import { vmOffer, VmoError, type Offer, type Region } from 'vmoffer';
import type { Change, Entry, OfferRecord } from '../engine/engine.js';
import { toVmoError } from '../errors.js';
import type { AgentContext } from './context.js';
import { cancelQuietly, Holding } from './holding.js';
import { nonce } from './nonce.js';
import { OfferedEntries } from './offered-entries.js';
import { faultOfRecord, isHandOff } from './records.js';
import { removeRecord } from './sent-share.js';
import { settle } from './settle.js';
import { TakenHandOff, type TakeOutcome } from './taken-hand-off.js';
import { UnitSource } from './unit-source.js';

/** How long the first unit may take, which tells whether the memory is to be had. */
const BEGIN_WITHIN_MS = 10_000;

/** How many offers of one peer are known here. What else it writes into the book is not looked at. */
const MAX_OFFERS_OF_PEER = 65_536;

/** Where a process here finds what it has claimed: at the agent. */
export interface Lent {
  address: bigint;
  record: OfferRecord;
}

interface Owned {
  region: Region;
  record: OfferRecord;
}

interface Held {
  holding: Promise<Holding>;
  users: number;
  stop: () => void;
}

/** The offers of other peers to this one, and what of them is claimed here. */
export class Received {
  readonly #context: AgentContext;
  readonly #offered = new OfferedEntries();
  /** Of which it is not known yet whether they are allowed. */
  readonly #asking = new Map<string, Entry>();
  readonly #holdings = new Map<string, Held>();
  /** Claimed here, by id: what has to end when the source is gone. */
  readonly #claimed = new Map<string, Entry>();
  /** Owned by this peer, and not yet by a process here. */
  readonly #owned = new Map<string, Owned>();
  readonly #taking = new Map<string, Promise<TakeOutcome>>();
  readonly #onOffered: (record: OfferRecord) => void;

  constructor(context: AgentContext, onOffered: (record: OfferRecord) => void) {
    this.#context = context;
    this.#onOffered = onOffered;
  }

  /** What can be claimed now. */
  get standing(): OfferRecord[] {
    return [...this.#offered.records, ...[...this.#owned.values()].map(({ record }) => record)];
  }

  get claimCount(): number {
    return this.#claimed.size;
  }

  async onChange({ name, entry }: Change): Promise<void> {
    if (entry?.record.stage === 'offered') {
      void this.#admit(name.id, entry);
      return;
    }
    this.#asking.delete(name.id);
    this.#offered.delete(name.id);
    const claimed = this.#claimed.get(name.id);
    if (!entry && claimed && !claimed.record.durable) void this.#failHolding(claimed.record); // its peer began anew
    if (entry?.record.stage === 'done' && !claimed && !this.#taking.has(name.id))
      await removeRecord(this.#context, entry);
  }

  /** The module that says who may takes its time: meanwhile other changes come, of this record and of others. */
  async #admit(id: string, entry: Entry): Promise<void> {
    this.#asking.set(id, entry);
    const isAllowed = await this.#isAllowed(entry.record);
    if (this.#asking.get(id) !== entry) return;
    this.#asking.delete(id);
    const isNew = !this.#offered.has(id);
    const isOneTooMany = isNew && this.#offered.countOf(entry.record.from) >= MAX_OFFERS_OF_PEER;
    if (!isAllowed || isOneTooMany) {
      this.#context.counters.add('offers_refused_total');
      return;
    }
    this.#offered.set(id, entry);
    if (isNew) this.#onOffered(entry.record);
  }

  find(from: string, address: string): string | undefined {
    return this.standing.find((record) => record.from === from && record.address === address)?.id;
  }

  /** Claims the offer for a process here. */
  async claim(id: string, pid: number): Promise<Lent> {
    const { counters } = this.#context;
    if (this.#owned.has(id)) return this.#lendOwned(id, pid);
    const entry = this.#offered.get(id);
    if (this.#taking.has(id) || (entry && isHandOff(entry.record))) return this.#takeOver(id, entry, pid);
    if (!entry) throw notOffered();
    counters.add('claims_total');
    return this.#share(entry, pid);
  }

  close(): void {
    for (const { holding, stop } of this.#holdings.values()) {
      stop();
      holding.then(
        (held) => {
          held.release();
        },
        () => undefined, // each who waits for it is told
      );
    }
    this.#holdings.clear();
    for (const { region } of this.#owned.values()) region.release();
  }

  async #isAllowed(record: OfferRecord): Promise<boolean> {
    const { allow, maxByteLength } = this.#context.options;
    const { from, address, byteLength, flags } = record;
    const isValid = faultOfRecord(record, maxByteLength) === undefined;
    const asked = async () => allow(from, { direction: 'received', address, byteLength, flags });
    return isValid && (await asked().catch(() => false)); // the module may be wrong; the agent goes on
  }

  async #share(offered: Entry, pid: number): Promise<Lent> {
    const next: OfferRecord = { ...offered.record, stage: 'owned', nonce: nonce() };
    this.#offered.delete(offered.record.id);
    const { as, entry } = await settle(this.#context.engine, { what: 'own', over: offered, next });
    if (as === 'refused' || !entry) throw notOffered();
    this.#claimed.set(next.id, entry);
    const held = this.#hold(entry.record);
    try {
      const offer = await (await held.holding).lend(pid);
      void offer.released.then(() => this.#giveBack(entry, held));
      return { address: offer.address, record: entry.record };
    } catch (error) {
      void this.#giveBack(entry, held);
      throw error;
    }
  }

  /** The one that is there, or a new one, with one user more. */
  #hold(record: OfferRecord): Held {
    const held = this.#holdings.get(keyOf(record)) ?? this.#beginToHold(record);
    held.users++;
    return held;
  }

  #beginToHold(record: OfferRecord): Held {
    const watched = () => void this.#failHolding(record);
    const stop = record.durable ? () => undefined : this.#context.peers.watch(record.from, watched);
    const held: Held = { holding: this.#begin(record), users: 0, stop };
    held.holding.catch(() => undefined); // each who waits for it is told
    this.#holdings.set(keyOf(record), held);
    return held;
  }

  async #begin(record: OfferRecord): Promise<Holding> {
    const { engine, counters } = this.#context;
    const holding = new Holding(record, new UnitSource(record, engine, counters));
    try {
      await holding.begin(AbortSignal.timeout(BEGIN_WITHIN_MS));
      return holding;
    } catch (error) {
      holding.release();
      throw error;
    }
  }

  async #failHolding(record: OfferRecord): Promise<void> {
    const held = this.#holdings.get(keyOf(record));
    if (!held) return;
    this.#context.counters.add('peers_lost_total');
    this.#forget(record, held);
    await held.holding.then(
      (holding) => {
        holding.fail();
      },
      () => undefined,
    );
  }

  /** The process here has let it go, or has ended, or never claimed it. */
  async #giveBack(entry: Entry, held: Held): Promise<void> {
    const { record } = entry;
    this.#claimed.delete(record.id);
    if (--held.users <= 0) {
      this.#forget(record, held);
      await held.holding.then(
        (holding) => {
          holding.release();
        },
        () => undefined,
      );
    }
    const next: OfferRecord = { ...record, stage: 'done' };
    await settle(this.#context.engine, { what: 'done', over: entry, next }).catch(() => undefined); // its connection ended
  }

  #forget(record: OfferRecord, held: Held): void {
    held.stop();
    if (this.#holdings.get(keyOf(record)) === held) this.#holdings.delete(keyOf(record));
  }

  async #takeOver(id: string, entry: Entry | undefined, pid: number): Promise<Lent> {
    let taking = this.#taking.get(id);
    if (!taking && entry) {
      this.#offered.delete(id);
      taking = new TakenHandOff(this.#context, entry).take(entry);
      this.#taking.set(id, taking);
      void taking.then((outcome) => this.#onTaken(id, outcome));
    }
    const outcome = await taking;
    if (outcome?.owns) {
      this.#context.counters.add('claims_total');
      return this.#lendOwned(id, pid);
    }
    throw failureOf(outcome);
  }

  /** The source may have written its `done` before: the record goes when nobody needs it any more. */
  async #onTaken(id: string, outcome: TakeOutcome): Promise<void> {
    this.#taking.delete(id);
    if (!outcome.owns) return;
    this.#owned.set(id, { region: outcome.region, record: outcome.entry.record });
    const found = await this.#context.engine.find(outcome.entry.record).catch(() => undefined);
    if (found?.record.stage === 'done') await removeRecord(this.#context, found);
  }

  /** If that process does not claim it, it can be claimed again. */
  #lendOwned(id: string, pid: number): Lent {
    const owned = this.#owned.get(id);
    if (!owned) throw notOffered();
    const offer = this.#offerOwned(pid, owned);
    const timer = setTimeout(() => {
      cancelQuietly(offer);
    }, BEGIN_WITHIN_MS);
    void offer.claimed.then((ending) => {
      clearTimeout(timer);
      if (ending === 'claimed') this.#forgetOwned(id);
      else this.#onOffered(owned.record);
    });
    return { address: offer.address, record: owned.record };
  }

  #offerOwned(pid: number, { region, record }: Owned): Offer {
    try {
      return vmOffer(pid, region, record.flags);
    } catch (error) {
      this.#onOffered(record); // that process has ended; another may claim it
      throw error;
    }
  }

  #forgetOwned(id: string): void {
    this.#owned.get(id)?.region.release();
    this.#owned.delete(id);
  }
}

function keyOf({ from, object, durable }: OfferRecord): string {
  return `${from} ${object} ${durable}`;
}

function notOffered(): VmoError {
  return new VmoError(
    'ERR_VMO_NOT_OFFERED',
    'nothing is offered there to this peer: it was claimed, cancelled, or never offered; await incomingOffers({ from: cluster })',
  );
}

function failureOf(outcome: TakeOutcome | undefined): VmoError {
  if (!outcome || outcome.owns || outcome.why === 'not-offered') return notOffered();
  const cause = outcome.cause === undefined ? undefined : toVmoError(outcome.cause);
  const reason = cause ? `: ${cause.message}` : '';
  const message = `the hand-off did not come about (${outcome.why})${reason}; its source has the memory, or says what became of it`;
  return new VmoError(
    cause?.code === 'ERR_VMO_PROTOCOL' ? 'ERR_VMO_SUPPLY' : (cause?.code ?? 'ERR_VMO_BUSY'),
    message,
    { cause },
  );
}
