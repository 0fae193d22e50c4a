import { expect } from 'chai';
import { probe, type SuppliedUnits, type WireMessage } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const UNIT = 64 * 1024;
const TIMEOUT = 1000;
/** How long a claimer may take to answer RECALL. */
const PATIENCE = 5000;
const MOST_ROUNDS = 50;

interface Options {
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
class Watched {
  readonly units: SuppliedUnits;
  readonly claimers: Claimer[] = [];
  readonly #bytes = new Set<number>();
  readonly #options: Options;
  /** Given to the supplier: units by fill. */
  readonly #orders = new Map<number, number>();
  readonly #placing: { fill: number; unit: number }[] = [];
  readonly #putting: number[] = [];
  readonly #drops: number[] = [];
  #now = 1;
  #lastLine = 0;

  constructor(options: Options) {
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
    this.#drops.push(...drops);
    this.pass();
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

type Step = (watched: Watched) => void;

const both = (make: (index: number) => Step): Step[] => [make(0), make(1)];

const QUIET: Step[] = [
  ...both((index) => (watched) => {
    watched.claimer(index).ask(0);
  }),
  ...both((index) => (watched) => {
    watched.claimer(index).ask(1);
  }),
  ...both((index) => (watched) => {
    watched.sourceHears(index);
  }),
  ...both((index) => (watched) => {
    watched.claimerHears(index);
  }),
  (watched) => {
    watched.work();
  },
  (watched) => {
    watched.drop();
  },
  (watched) => {
    watched.bring();
  },
  (watched) => {
    watched.finish();
  },
  (watched) => {
    watched.evict();
  },
];

const STEPS: Step[] = [
  ...QUIET,
  ...both((index) => (watched) => {
    watched.replace(index);
  }),
  (watched) => {
    watched.claimer(0).cancel(0);
  },
  (watched) => {
    watched.claimer(1).pinned.add(0);
  },
  (watched) => {
    watched.fail();
  },
  (watched) => {
    watched.beginPut(0);
  },
  (watched) => {
    watched.endPut(true);
  },
  (watched) => {
    watched.endPut(false);
  },
  (watched) => {
    watched.retry();
  },
  (watched) => {
    watched.sleep(TIMEOUT);
  },
  (watched) => {
    watched.sleep(PATIENCE);
  },
  (watched) => {
    watched.pause(PATIENCE);
  },
];

const heardBySource: Step = (watched) => {
  for (const index of [0, 1]) watched.sourceHears(index);
};
const bothAsk: Step = (watched) => {
  for (const index of [0, 1]) watched.claimer(index).ask(0);
};
const supplied: Step = (watched) => {
  watched.work();
  watched.bring();
  watched.finish();
};
const heardByClaimers: Step = (watched) => {
  for (const index of [0, 1]) watched.claimerHears(index);
};

/** What has happened before every order is tried. */
const PRELUDES: Record<string, Step[]> = {
  nothing: [],
  'a unit that is ordered for both': [
    bothAsk,
    heardBySource,
    (watched) => {
      watched.work();
    },
  ],
  'a unit that both have': [bothAsk, heardBySource, supplied, heardByClaimers],
  'a unit that is being recalled': [
    bothAsk,
    heardBySource,
    supplied,
    heardByClaimers,
    (watched) => {
      watched.evict();
      watched.work();
    },
  ],
  'a unit that one has given back, and asks for': [
    bothAsk,
    heardBySource,
    supplied,
    heardByClaimers,
    (watched) => {
      watched.evict();
      watched.work();
      watched.claimerHears(0);
      watched.sourceHears(0);
      watched.claimer(0).ask(0);
      watched.sourceHears(0);
    },
  ],
  'a unit that has failed': [
    bothAsk,
    heardBySource,
    (watched) => {
      watched.work();
      watched.fail();
    },
    heardByClaimers,
  ],
};

describe('SuppliedUnits, in every order of events', () => {
  before(function () {
    requires(this, needs.probe);
  });

  function run(options: Options, steps: readonly (Step | undefined)[]): void {
    const watched = new Watched(options);
    for (const step of steps) step?.(watched);
    watched.drain();
  }

  for (const [name, prelude] of Object.entries(PRELUDES)) {
    it(`tells of what is there alone, drops what nobody reads, and answers everybody, after ${name}`, () => {
      const count = STEPS.length;
      for (let number = 0; number < count ** 3; number++) {
        const places = [0, 1, 2].map((place) => Math.floor(number / count ** place) % count);
        run({ units: 2 }, [...prelude, ...places.map((place) => STEPS[place])]);
      }
    });
  }

  for (const budget of [0, 2]) {
    it(`does so in long histories, with ${budget === 0 ? 'no budget' : `a budget of ${budget} units`}`, () => {
      const random = new Random(runSeed);
      for (let history = 0; history < 3000; history++) {
        const steps = Array.from({ length: 60 }, () => STEPS[random.below(STEPS.length)]);
        run({ units: 4, budget, concurrency: 2 }, steps);
      }
    });
  }

  it('never exceeds its budget, and the fills under way, while claimers give and nobody is late', () => {
    const random = new Random(runSeed);
    const [units, budget, concurrency] = [8, 3, 2];
    const asks: Step[] = Array.from({ length: units }, (_, unit) => (watched: Watched) => {
      watched.claimer(unit % 2).ask(unit);
      watched.claimer(0).ask((unit + 3) % units);
    });
    const steps = [...QUIET, ...asks, supplied, supplied, heardBySource, heardBySource];
    for (let history = 0; history < 1000; history++) {
      const watched = new Watched({ units, budget, concurrency });
      for (let step = 0; step < 200; step++) {
        steps[random.below(steps.length)]?.(watched);
        expect(watched.units.residentUnits).to.be.at.most(budget + concurrency);
      }
      watched.drain();
    }
  });

  it('serves the honest, whatever a hostile line says', () => {
    const random = new Random(runSeed);
    const units = 4;
    const anyNumber = () => random.pick([0n, 1n, BigInt(random.below(40)), BigInt(random.below(40)), 2n ** 64n - 1n]);
    const anyUnits = () => ({
      byteOffset: random.pick([
        0n,
        BigInt(random.below(units) * UNIT),
        BigInt(units * UNIT),
        1n,
        2n ** 64n - BigInt(UNIT),
      ]),
      byteLength: random.pick([BigInt(UNIT), BigInt(random.below(units + 1) * UNIT), 0n, 4096n, 2n ** 64n - 1n]),
    });
    const anything = (): WireMessage =>
      random.pick([
        { type: 'ask', ...anyUnits(), isWaitedFor: true },
        { type: 'ask', ...anyUnits(), isWaitedFor: false },
        { type: 'cancel', ...anyUnits() },
        { type: 'given', number: anyNumber() },
        { type: 'kept', number: anyNumber() },
        { type: 'ready', ...anyUnits() },
        { type: 'progress' },
      ]);
    for (let history = 0; history < 2000; history++) {
      const watched = new Watched({ units, budget: random.pick([0, 2]), concurrency: 2 });
      let line = 1000;
      watched.units.addLine(line);
      for (let step = 0; step < 60; step++) {
        STEPS[random.below(STEPS.length)]?.(watched);
        if (!watched.hear(line, anything())) {
          watched.units.removeLine(line);
          watched.units.addLine(++line);
        }
      }
      watched.units.removeLine(line);
      watched.drain();
    }
  });

  it('takes no time from a fill by being stopped', () => {
    const watched = new Watched({ units: 2 });
    const claimer = watched.claimer(0);
    const isOver = () => claimer.down.some(({ type }) => type === 'failed');
    claimer.ask(0);
    watched.sourceHears(0);
    watched.work();
    watched.sleep(TIMEOUT / 2);
    watched.pause(100 * TIMEOUT);
    watched.sleep(TIMEOUT / 4);
    expect(isOver()).to.be.false;
    watched.sleep(TIMEOUT / 2);
    expect(isOver()).to.be.true;
  });

  it('shows life to those who wait, as often as it has promised, and not before', () => {
    const watched = new Watched({ units: 2 });
    watched.sleep(10 * TIMEOUT);
    watched.claimer(0).ask(0);
    watched.sourceHears(0);
    watched.work();
    expect(watched.claimer(0).down).to.deep.equal([]);
    watched.sleep(TIMEOUT - 1);
    expect(watched.claimer(0).down.filter(({ type }) => type === 'progress').length).to.be.at.least(4);
    expect(watched.claimer(1).down).to.deep.equal([]);
  });

  it('does not pile up messages for a claimer that is stopped, however long others read on', () => {
    const [units, budget] = [32, 8];
    const watched = new Watched({ units, budget, concurrency: 2 });
    const read = (index: number, unit: number) => {
      watched.claimer(index).ask(unit);
      watched.sourceHears(index);
      supplied(watched);
    };
    for (let unit = 0; unit < budget; unit++) read(0, unit);
    while (watched.claimer(0).down.length > 0) watched.claimerHears(0); // and nothing from here on
    for (let turn = 0; turn < 20; turn++) {
      for (let unit = 0; unit < units; unit++) {
        read(1, unit);
        for (let i = 0; i < 4; i++) watched.claimerHears(1);
        for (let i = 0; i < 4; i++) watched.sourceHears(1);
        watched.work();
        watched.drop();
      }
      watched.sleep(PATIENCE);
    }
    expect(watched.claimer(0).down.length).to.be.at.most(2 * units);
    expect(watched.claimer(0).has.size).to.equal(budget);
    watched.drain();
  });
});
