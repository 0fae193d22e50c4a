/** A source of supplied memory as it decides, with honest claimers at the ends of slow lines, and a record of which bytes there are. */
import { expect } from 'chai';
import { probe, type SuppliedUnits, type WireMessage } from './probe.js';

export const UNIT = 64 * 1024;
export const TIMEOUT = 1000;
/** How long a claimer may take to answer RECALL. */
export const PATIENCE = 5000;
const MOST_ROUNDS = 50;

export interface ModelOptions {
  units: number;
  concurrency?: number;
  budget?: number;
}

const unitsOf = (message: { byteOffset: bigint; byteLength: bigint }): number[] => {
  const first = Number(message.byteOffset) / UNIT;
  return Array.from({ length: Math.ceil(Number(message.byteLength) / UNIT) }, (_, at) => first + at);
};

/** A claimer that is honest, at the other end of a line that is slow. */
class Claimer {
  readonly line: number;
  /** On their way to the source, and from it. */
  readonly up: WireMessage[] = [];
  readonly down: WireMessage[] = [];
  readonly has = new Set<number>();
  readonly waitsFor = new Set<number>();
  readonly pinned = new Set<number>();
  /** What the source has told it has failed, and nothing better since. */
  readonly toldFailed = new Set<number>();

  constructor(line: number) {
    this.line = line;
  }

  ask(unit: number): void {
    if (this.has.has(unit) || this.waitsFor.has(unit)) return;
    this.waitsFor.add(unit);
    this.up.push({ type: 'ask', byteOffset: BigInt(unit * UNIT), byteLength: BigInt(UNIT), isWaitedFor: true });
  }

  cancel(unit: number): void {
    if (!this.waitsFor.delete(unit)) return;
    this.up.push({ type: 'cancel', byteOffset: BigInt(unit * UNIT), byteLength: BigInt(UNIT) });
  }

  /** What it is told first. Returns the units that it is told are there. */
  hear(): number[] {
    const message = this.down.shift();
    if (message?.type === 'ready' || message?.type === 'failed') {
      for (const unit of unitsOf(message)) {
        this.waitsFor.delete(unit);
        if (message.type === 'ready') this.has.add(unit);
      }
      return message.type === 'ready' ? unitsOf(message) : [];
    }
    if (message?.type === 'recall') this.#answer(message.number, unitsOf(message));
    return [];
  }

  #answer(number: bigint, units: readonly number[]): void {
    if (units.some((unit) => this.pinned.has(unit))) {
      this.up.push({ type: 'kept', number });
      return;
    }
    for (const unit of units) this.has.delete(unit);
    this.up.push({ type: 'given', number });
  }
}

/** The source's decisions, beside a record of which bytes there are and who reads them. */
export class Watched {
  readonly units: SuppliedUnits;
  readonly claimers: Claimer[] = [];
  readonly #bytes = new Set<number>();
  readonly #options: ModelOptions;
  /** Given to the supplier: units by fill. */
  readonly #orders = new Map<number, number>();
  readonly #placing: { fill: number; unit: number }[] = [];
  readonly #putting: number[] = [];
  readonly #drops: number[] = [];
  #now = 1;
  #lastLine = 0;

  constructor(options: ModelOptions) {
    const { units, concurrency = 1, budget = 0 } = options;
    this.#options = options;
    this.units = new (probe().SuppliedUnits)(units * UNIT, UNIT, concurrency, TIMEOUT, budget);
    for (let i = 0; i < 2; i++) this.#join(i);
  }

  #join(index: number): void {
    const line = ++this.#lastLine;
    this.claimers[index] = new Claimer(line);
    this.units.addLine(line);
  }

  claimer(index: number): Claimer {
    return this.claimers[index] ?? expect.fail(`there is no claimer ${index}`);
  }

  /** The claimer ends, and another comes in its place. */
  replace(index: number): void {
    this.units.removeLine(this.claimer(index).line);
    this.#join(index);
    this.pass();
  }

  /** The source hears the first message of the claimer. */
  sourceHears(index: number): void {
    const { line, up } = this.claimer(index);
    const message = up.shift();
    if (!message) return;
    expect(this.units.onMessage(line, message, this.#now), `an honest ${message.type} is taken`).to.be.true;
    this.pass();
  }

  /** A message of a line that is nobody's. False if it is to be hung up on. */
  hear(line: number, message: WireMessage): boolean {
    const isMeaningful = this.units.onMessage(line, message, this.#now);
    this.pass();
    return isMeaningful;
  }

  claimerHears(index: number): void {
    const claimer = this.claimer(index);
    for (const unit of claimer.hear()) this.#expectBytes(unit, `claimer ${index} begins to read it`);
  }

  pass(): void {
    for (const { to, message } of this.units.takeMessages()) {
      const claimer = this.claimers.find(({ line }) => line === to);
      if (message.type === 'failed') for (const unit of unitsOf(message)) claimer?.toldFailed.add(unit);
      if (message.type === 'ready') {
        for (const unit of unitsOf(message)) {
          this.#expectBytes(unit, `${to} is told of it`);
          claimer?.toldFailed.delete(unit);
        }
      }
      claimer?.down.push(message);
    }
  }

  #expectFailureIsOver(unit: number): void {
    for (const { line, toldFailed } of this.claimers) {
      if (toldFailed.has(unit)) expect.fail(`${line} was told that unit ${unit} has failed, and not that it is there`);
    }
  }

  #expectBytes(unit: number, when: string): void {
    if (!this.#bytes.has(unit)) expect.fail(`unit ${unit} has no bytes when ${when}`);
    if (this.#drops.includes(unit)) expect.fail(`unit ${unit} is about to be dropped when ${when}`);
  }

  work(): void {
    const { orders, drops } = this.units.takeWork(this.#now);
    for (const { id, unit } of orders) {
      if (this.#bytes.has(unit)) expect.fail(`unit ${unit} is ordered and is there`);
      this.#orders.set(id, unit);
    }
    const { concurrency = 1 } = this.#options;
    this.#forgetWhatIsOver();
    if (orders.length > 0 && this.#orders.size > concurrency)
      expect.fail(`the supplier has ${this.#orders.size} at once`);
    this.#drops.push(...drops);
    this.pass();
  }

  #forgetWhatIsOver(): void {
    for (const fill of this.#orders.keys()) if (!this.units.isUnderWay(fill)) this.#orders.delete(fill);
  }

  drop(): void {
    const unit = this.#drops.shift();
    if (unit === undefined) return;
    for (const { has, line } of this.claimers) {
      if (has.has(unit)) expect.fail(`unit ${unit} is dropped, and ${line} reads it`);
    }
    this.#bytes.delete(unit);
    this.units.dropped(unit);
    this.pass();
  }

  /** The supplier brings what it was asked for first. */
  bring(): void {
    const [fill] = this.#orders.keys();
    if (fill === undefined) return;
    this.#orders.delete(fill);
    const unit = this.units.beginPlacing(fill);
    if (unit !== null) this.#placing.push({ fill, unit });
    this.pass();
  }

  finish(): void {
    const placed = this.#placing.shift();
    if (!placed) return;
    this.#bytes.add(placed.unit);
    this.units.finish(placed.fill, this.#now);
    this.pass();
    this.#expectFailureIsOver(placed.unit);
  }

  /** The bytes cannot be placed, or the supplier throws. */
  fail(): void {
    const fill = this.#placing.shift()?.fill ?? [...this.#orders.keys()][0];
    if (fill === undefined) return;
    this.#orders.delete(fill);
    this.units.fail(fill);
    this.pass();
  }

  beginPut(unit: number): void {
    if (this.units.beginPut(unit)) this.#putting.push(unit);
  }

  endPut(isPlaced: boolean): void {
    const unit = this.#putting.shift();
    if (unit === undefined) return;
    if (isPlaced) {
      this.#bytes.add(unit);
      this.units.finishPut(unit, this.#now);
      this.pass();
      this.#expectFailureIsOver(unit);
    } else {
      this.units.giveUpPut(unit);
      this.pass();
    }
  }

  evict(): void {
    this.units.evict(0, this.#options.units);
  }

  retry(): void {
    this.units.retry(0, this.#options.units);
    this.pass();
  }

  /** Time passes, and the source passes it on when it must. */
  sleep(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.units.nextTime; next !== null && next <= end; next = this.units.nextTime) {
      this.#now = Math.max(this.#now, next);
      this.units.onTime(this.#now);
      this.pass();
    }
    this.#now = end;
  }

  /** The source's process is stopped, and continues. */
  pause(ms: number): void {
    this.#now += ms;
    this.units.onTime(this.#now);
    this.pass();
  }

  #isAnybodyBusy(): boolean {
    const isHeard = ({ up, down, waitsFor }: Claimer) => up.length + down.length + waitsFor.size === 0;
    return !this.claimers.every(isHeard) || this.#orders.size + this.#placing.length + this.#drops.length > 0;
  }

  /** Everybody does what is left to do. Then nobody waits any more. */
  drain(): void {
    for (const { pinned } of this.claimers) pinned.clear();
    for (let round = 0; round < MOST_ROUNDS && (round === 0 || this.#isAnybodyBusy()); round++) {
      while (this.#putting.length > 0) this.endPut(true);
      for (const index of this.claimers.keys()) {
        while (this.claimer(index).up.length > 0) this.sourceHears(index);
      }
      this.work();
      while (this.#drops.length > 0) this.drop();
      while (this.#orders.size > 0) this.bring();
      while (this.#placing.length > 0) this.finish();
      for (const index of this.claimers.keys()) {
        while (this.claimer(index).down.length > 0) this.claimerHears(index);
      }
    }
    for (const { line, waitsFor } of this.claimers) {
      if (waitsFor.size > 0) expect.fail(`${line} waits for ${[...waitsFor].join()} for ever`);
    }
  }
}
