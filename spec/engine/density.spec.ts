import { expect } from 'chai';
import { probe } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const PAGES = 262_144;
const GROUP = 16;
const GROUPS = PAGES / GROUP;

/** A claim of 1 GiB that the kernel pages: a read brings a group, a write to shared memory brings a page. */
class KernelPaged {
  readonly present = new Array<number>(GROUPS).fill(0);
  readonly #written = new Set<number>();
  faults = 0;

  read(page: number): void {
    const group = Math.floor(page / GROUP);
    if (this.present[group] === GROUP) return;
    this.present[group] = GROUP;
    this.faults++;
  }

  write(page: number): void {
    const group = Math.floor(page / GROUP);
    if (this.#written.has(page) || this.present[group] === GROUP) return;
    this.#written.add(page);
    this.present[group] = (this.present[group] ?? 0) + 1;
    this.faults++;
  }
}

describe('density', () => {
  const random = new Random(runSeed);

  before(function () {
    requires(this, needs.probe);
  });

  /** After what share of all pages, touched at random, the rest is worth bringing; undefined if that is more than `most`. */
  function shareUntilWorth(how: 'read' | 'write', byPage: boolean, most = 1): number | undefined {
    const memory = new KernelPaged();
    const step = PAGES / 500;
    for (let touched = step; touched <= most * PAGES; touched += step) {
      for (let i = 0; i < step; i++) memory[how](random.below(PAGES));
      if (probe().isRestWorthBringing(memory.present, GROUP, byPage)) return touched / PAGES;
    }
    return undefined;
  }

  it('brings nothing where nothing was touched, or all is there', () => {
    for (const byPage of [false, true]) {
      expect(probe().isRestWorthBringing([0, 0, 0], GROUP, byPage)).to.be.false;
      expect(probe().isRestWorthBringing([GROUP, GROUP], GROUP, byPage)).to.be.false;
    }
  });

  it(`leaves a hundredth of the pages to the kernel, read or written (seed ${runSeed})`, () => {
    expect(shareUntilWorth('read', false, 0.01)).to.equal(undefined);
    expect(shareUntilWorth('read', true, 0.01)).to.equal(undefined);
    expect(shareUntilWorth('write', true, 0.01)).to.equal(undefined);
  });

  it(`brings the rest of what is read at random before a twentieth of it was (seed ${runSeed})`, () => {
    expect(shareUntilWorth('read', false)).to.be.within(0.01, 0.05);
  });

  it(`leaves a tenth of the pages to the kernel if they are written, at random or evenly spread (seed ${runSeed})`, () => {
    expect(shareUntilWorth('write', true)).to.be.within(0.1, 0.15);
    const memory = new KernelPaged();
    for (let page = 0; page < PAGES; page += 10) {
      memory.write(page);
      if (page % 1000 === 0) expect(probe().isRestWorthBringing(memory.present, GROUP, true)).to.be.false;
    }
  });

  it('brings the rest of what is read in order once a fourth of it was', () => {
    const memory = new KernelPaged();
    for (let page = 0; page < PAGES / 4 - GROUP; page++) memory.read(page);
    expect(probe().isRestWorthBringing(memory.present, GROUP, false)).to.be.false;
    for (let page = 0; page < PAGES / 4; page++) memory.read(page);
    expect(probe().isRestWorthBringing(memory.present, GROUP, false)).to.be.true;
  });

  it(`says how many faults that takes at least, wherever they occur (seed ${runSeed})`, () => {
    for (const byPage of [false, true]) {
      for (let times = 0; times < 20; times++) {
        const memory = new KernelPaged();
        const how = byPage && times % 2 === 0 ? 'write' : 'read';
        for (let touched = random.below(PAGES / 50); touched > 0; touched--) memory[how](random.below(PAGES));
        const fewest = probe().fewestFaultsUntilWorth(memory.present, GROUP, byPage);
        expect(fewest === 0).to.equal(probe().isRestWorthBringing(memory.present, GROUP, byPage));
        const until = memory.faults + fewest - 1;
        for (let page = 0; page < PAGES && memory.faults < until; page += byPage && times % 4 < 2 ? 1 : GROUP) {
          memory[times % 3 === 0 ? how : 'read'](page);
        }
        if (fewest > 0) expect(probe().isRestWorthBringing(memory.present, GROUP, byPage)).to.be.false;
      }
    }
    expect(probe().fewestFaultsUntilWorth(new Array<number>(GROUPS).fill(0), GROUP, false)).to.equal(GROUPS / 4);
  });

  it('takes a group that is read and has holes for all that can be had of it', () => {
    expect(probe().isRestWorthBringing([3, 5, 1], GROUP, false)).to.be.false;
  });
});
