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
  function touchesUntilLeft(
    kind: TouchKind,
    pageCount: number,
    isWrite = false,
    pagesPerTouch = 1,
  ): number | undefined {
    for (let touches = 1; touches <= ENOUGH; touches++) {
      policy.count({ kind, pageCount, pagesPerTouch, isWrite });
      if (policy.isKernelCheaper) return touches;
    }
    return undefined;
  }

  function read(kind: TouchKind, pageCount: number): void {
    policy.count({ kind, pageCount, pagesPerTouch: 1, isWrite: false });
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

  it('leaves a run to the kernel that writes one page in ten: the kernel brings that one alone', () => {
    expect(touchesUntilLeft('sequential', 512, true, 10)).to.equal(1);
    expect(touchesUntilLeft('sequential', 4, true, 10)).to.be.at.most(4);
  });

  it('keeps a run that writes every other page, and one that reads one page in ten', () => {
    for (const pages of [4, 16, 64, 256, 512]) {
      expect(touchesUntilLeft('sequential', pages, true, 2), `${pages} pages`).to.equal(undefined);
      expect(touchesUntilLeft('sequential', pages, false, 10), `${pages} pages`).to.equal(undefined);
    }
  });

  for (const distance of [1, 3, 10, 15]) {
    const isLeft = distance > 6;
    it(`${isLeft ? 'leaves' : 'keeps'} a trace that writes every page in ${distance}`, () => {
      const pageCount = 262_144;
      const window = new (probe().FaultWindow)(pageCount, 4096);
      let faults = 0;
      let end = 0;
      for (let page = 0; page < pageCount && !policy.isKernelCheaper; page += distance) {
        if (page < end) continue;
        const [{ first, count } = { first: 0, count: 0 }] = window.plan(page * 4096).ranges;
        window.install(first, count);
        end = first + count;
        const { kind, pagesPerTouch } = window;
        policy.count({ kind, pageCount: count, pagesPerTouch, isWrite: true });
        faults++;
      }
      expect(policy.isKernelCheaper).to.equal(isLeft);
      if (isLeft) expect(faults).to.be.at.most(30);
    });
  }

  it('keeps a reader that looks at the head and the tail first, and then reads everything', () => {
    for (const kind of ['sparse', 'sparse', 'sparse'] as const) read(kind, 4);
    expect(policy.isKernelCheaper).to.be.false;
    expect(touchesUntilLeft('sequential', 512)).to.equal(undefined);
  });

  it('keeps runs with some lone touches among them', () => {
    for (let times = 0; times < ENOUGH; times++) {
      read('sequential', 512);
      for (let lone = 0; lone < 5; lone++) read('sparse', 4);
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
      read(
        window.kind,
        ranges.reduce((sum, { count }) => sum + count, 0),
      );
      faults++;
    }
    expect(faults).to.be.at.most(12);
  });
});
