import { expect } from 'chai';
import type { WireMessage } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';
import { PATIENCE, TIMEOUT, UNIT, Watched, type ModelOptions } from '../support/supply-model.js';

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

  function run(options: ModelOptions, steps: readonly (Step | undefined)[]): void {
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
