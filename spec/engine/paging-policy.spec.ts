import { expect } from 'chai';
import { probe, type PagingPolicy, type TouchKind } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const ENOUGH = 1000;

describe('PagingPolicy', () => {
  let policy: PagingPolicy;

  before(function () {
    requires(this, needs.probe);
  });

  beforeEach(() => {
    policy = new (probe().PagingPolicy)();
  });

  /** After how many such touches the kernel is cheaper; undefined if it never is. */
  function touchesUntilLeft(kind: TouchKind, pages: number, isWrite = false): number | undefined {
    for (let touches = 1; touches <= ENOUGH; touches++) {
      policy.count(kind, pages, isWrite);
      if (policy.isKernelCheaper) return touches;
    }
    return undefined;
  }

  it('leaves lone touches to the kernel after a handful', () => {
    expect(policy.isKernelCheaper).to.be.false;
    expect(touchesUntilLeft('sparse', 4)).to.equal(4);
  });

  it('leaves lone writes after fewer: the kernel takes less for them', () => {
    expect(touchesUntilLeft('sparse', 4, true)).to.equal(3);
  });

  for (const isWrite of [false, true]) {
    it(`keeps runs and strides, ${isWrite ? 'written' : 'read'}, from their first window on`, () => {
      for (const pages of [4, 16, 64, 256, 512]) {
        expect(touchesUntilLeft('sequential', pages, isWrite), `${pages} pages`).to.equal(undefined);
      }
      expect(touchesUntilLeft('strided', 64, isWrite)).to.equal(undefined);
    });
  }

  it('keeps a reader that looks at the head and the tail first, and then reads everything', () => {
    for (const kind of ['sparse', 'sparse', 'sparse'] as const) policy.count(kind, 4, false);
    expect(policy.isKernelCheaper).to.be.false;
    expect(touchesUntilLeft('sequential', 512)).to.equal(undefined);
  });

  it('keeps runs with some lone touches among them', () => {
    for (let times = 0; times < ENOUGH; times++) {
      policy.count('sequential', 512, false);
      for (let lone = 0; lone < 5; lone++) policy.count('sparse', 4, false);
      expect(policy.isKernelCheaper).to.be.false;
    }
  });

  it('sees after about forty lone touches that a long run is over', () => {
    touchesUntilLeft('sequential', 512);
    expect(touchesUntilLeft('sparse', 4)).to.be.at.most(40);
  });

  it(`costs no more than a handful of faults over a trace at random (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    const pageCount = 262_144;
    const window = new (probe().FaultWindow)(pageCount, 4096);
    let faults = 0;
    while (!policy.isKernelCheaper) {
      const { ranges } = window.plan(random.below(pageCount) * 4096);
      for (const { first, count } of ranges) window.install(first, count);
      policy.count(
        window.kind,
        ranges.reduce((sum, { count }) => sum + count, 0),
        false,
      );
      faults++;
    }
    expect(faults).to.be.at.most(12);
  });
});
