import { expect } from 'chai';
import { probe, type LeaseDirectory } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const PATIENCE = 5000;
const [ANN, BOB] = [1, 2];

const open = (): LeaseDirectory => new (probe().LeaseDirectory)(PATIENCE);

describe('LeaseDirectory', () => {
  let directory: LeaseDirectory;

  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(() => {
    directory = open();
    for (const unit of [0, 1, 2]) directory.use(unit);
  });

  it('names the unit that was used longest ago', () => {
    expect(directory.oldest()).to.equal(0);
    directory.use(0);
    expect(directory.oldest()).to.equal(1);
  });

  it('names nothing if there are no units, or all of them are being recalled', () => {
    expect(open().oldest()).to.be.null;
    directory.hold(ANN, 0);
    for (const unit of [0, 1, 2]) directory.recall(unit, 0);
    expect(directory.oldest()).to.be.null;
  });

  it('frees a unit at once if nobody holds it', () => {
    expect(directory.recall(0, 0).holders).to.deep.equal([]);
    expect(directory.nextDeadline).to.be.null;
    directory.dropped(0);
    expect(directory.size).to.equal(2);
  });

  it('frees a unit when every holder has given it up', () => {
    for (const holder of [ANN, BOB]) directory.hold(holder, 0);
    const { number, holders } = directory.recall(0, 0);
    expect(holders).to.deep.equal([ANN, BOB]);
    expect(directory.give(ANN, number)).to.be.null;
    expect(directory.give(ANN, number)).to.be.null;
    expect(directory.isRecalled(0)).to.be.true;
    expect(directory.give(BOB, number)).to.equal(0);
  });

  it('frees a unit when the last holder that has not answered ends', () => {
    for (const holder of [ANN, BOB]) directory.hold(holder, 0);
    const { number } = directory.recall(0, 0);
    directory.give(ANN, number);
    expect(directory.forget(BOB)).to.deep.equal([0]);
    expect(directory.forget(BOB)).to.deep.equal([]);
  });

  it('gives up after a while, and tries others first', () => {
    directory.hold(ANN, 0);
    const { number } = directory.recall(0, 10);
    expect(directory.nextDeadline).to.equal(10 + PATIENCE);
    expect(directory.expire(9 + PATIENCE)).to.equal(0);
    expect(directory.expire(10 + PATIENCE)).to.equal(1);
    expect(directory.isRecalled(0)).to.be.false;
    expect(directory.oldest()).to.equal(1);
    expect(directory.give(ANN, number)).to.be.null;
  });

  it('leaves a unit to a holder that needs it', () => {
    directory.hold(ANN, 0);
    const { number } = directory.recall(0, 0);
    directory.keep(BOB, number);
    expect(directory.isRecalled(0)).to.be.true;
    directory.keep(ANN, number);
    expect(directory.isRecalled(0)).to.be.false;
  });

  it('ignores answers to another recall, and answers of holders that were not asked', () => {
    directory.hold(ANN, 0);
    const first = directory.recall(0, 0);
    directory.expire(PATIENCE);
    const second = directory.recall(0, PATIENCE);
    expect(directory.give(ANN, first.number)).to.be.null;
    expect(directory.give(BOB, second.number)).to.be.null;
    expect(directory.give(ANN, second.number)).to.equal(0);
  });
});

/** One unit and two holders, beside a record of what each really holds. */
class Watched {
  readonly #directory = open();
  readonly #having = new Set<number>();
  /** Recalls on their way to a holder, and its answers on their way back. */
  readonly #recalls: { holder: number; number: number }[] = [];
  readonly #answers: { holder: number; number: number }[] = [];
  #isHere = false;
  #now = 0;

  static readonly steps: readonly ((watched: Watched) => void)[] = [
    ...[ANN, BOB].flatMap((holder) => [
      (watched: Watched) => {
        watched.#ask(holder);
      },
      (watched: Watched) => {
        watched.#hear(holder);
      },
      (watched: Watched) => {
        watched.#end(holder);
      },
    ]),
    (watched) => {
      watched.#recall();
    },
    (watched) => {
      const answer = watched.#answers.shift();
      if (answer) watched.#drop(watched.#directory.give(answer.holder, answer.number));
    },
    (watched) => {
      watched.#now += PATIENCE;
      watched.#directory.expire(watched.#now);
    },
  ];

  #ask(holder: number): void {
    if (this.#isHere && this.#directory.isRecalled(0)) return;
    this.#isHere = true;
    this.#directory.use(0);
    this.#directory.hold(holder, 0);
    this.#having.add(holder);
  }

  #recall(): void {
    if (this.#directory.oldest() === null) return;
    const { number, holders } = this.#directory.recall(0, this.#now);
    for (const holder of holders) this.#recalls.push({ holder, number });
    if (holders.length === 0) this.#drop(0);
  }

  #hear(holder: number): void {
    const at = this.#recalls.findIndex((recall) => recall.holder === holder);
    if (at < 0) return;
    this.#having.delete(holder);
    this.#answers.push(...this.#recalls.splice(at, 1));
  }

  #end(holder: number): void {
    this.#having.delete(holder);
    for (const list of [this.#recalls, this.#answers]) {
      list.splice(0, list.length, ...list.filter((message) => message.holder !== holder));
    }
    for (const unit of this.#directory.forget(holder)) this.#drop(unit);
  }

  #drop(unit: number | null): void {
    if (unit === null) return;
    expect([...this.#having], 'who has it when it is dropped').to.deep.equal([]);
    this.#directory.dropped(unit);
    this.#isHere = false;
  }
}

describe('a directory of one unit, in every order of events', () => {
  before(function () {
    requires(this, needs.probe);
  });

  function run(steps: readonly number[]): void {
    const watched = new Watched();
    for (const step of steps) Watched.steps[step]?.(watched);
  }

  it('drops nothing that anybody holds', () => {
    const count = Watched.steps.length;
    for (let number = 0; number < count ** 5; number++) {
      run([0, 1, 2, 3, 4].map((place) => Math.floor(number / count ** place) % count));
    }
  });

  it('drops nothing in long histories, either', () => {
    const random = new Random(runSeed);
    for (let history = 0; history < 10_000; history++) {
      run(Array.from({ length: 40 }, () => random.below(Watched.steps.length)));
    }
  });
});
