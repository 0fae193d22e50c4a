import { expect } from 'chai';
import { probe } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const ANYWHERE = -1;
const TO_MOVE = 6;
const REMEMBERED = 16;

/** Where the pager is after each fault. */
function places(cores: readonly number[], allowed: readonly number[] = [0, 1, 2, 3]): number[] {
  const placement = new (probe().Placement)(allowed);
  return cores.map((core) => placement.afterFault(core));
}

function often<T>(times: number, ...what: T[]): T[] {
  return Array.from({ length: times }, () => what).flat();
}

function moves(where: readonly number[]): number {
  return where.filter((place, index) => index > 0 && place !== where[index - 1]).length;
}

describe('Placement', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('goes to the core of the first fault at once, and stays while faults come from there', () => {
    expect(places(often(50, 2))).to.deep.equal(often(50, 2));
  });

  it('follows a thread that has moved, once it has faulted a few times in a row', () => {
    const where = places([...often(20, 0), ...often(20, 3)]);
    expect(where).to.deep.equal([...often(20 + TO_MOVE - 1, 0), ...often(20 - TO_MOVE + 1, 3)]);
  });

  it('follows a thread that faults from elsewhere after a pause at once', () => {
    const placement = new (probe().Placement)([0, 1, 2, 3]);
    for (let times = 0; times < 20; times++) placement.afterFault(0);
    placement.afterPause();
    expect(placement.afterFault(3)).to.equal(3);
    expect(placement.afterFault(0)).to.equal(3);
  });

  it('stays where it is after a pause until there is a fault', () => {
    const placement = new (probe().Placement)([0, 1, 2, 3]);
    placement.afterFault(2);
    placement.afterPause();
    expect(placement.afterFault(-1)).to.equal(2);
  });

  it('is not drawn away by single faults from elsewhere', () => {
    expect(moves(places(often(100, 0, 0, 0, 0, 0, 1)))).to.equal(0);
  });

  for (const [what, turn] of [
    ['two cores in turn', [0, 1]],
    ['two cores, three times each', [0, 0, 0, 1, 1, 1]],
    ['three cores in turn', [2, 0, 1]],
    ['four cores in turn', [0, 1, 2, 3]],
  ] as const) {
    it(`leaves the thread to the scheduler for good when faults come from ${what}`, () => {
      const where = places(often(100, ...turn));
      expect(where[0]).to.equal(turn[0]);
      expect(where.slice(REMEMBERED)).to.deep.equal(often(where.length - REMEMBERED, ANYWHERE));
    });
  }

  it('takes a core again when one prevails', () => {
    const where = places([...often(20, 0, 1), ...often(10, 1)]);
    expect(where.slice(20, 40)).to.deep.equal(often(20, ANYWHERE));
    expect(where.at(-1)).to.equal(1);
  });

  it(`moves seldom when faults come from two cores at random (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    const where = places(Array.from({ length: 10_000 }, () => random.below(2)));
    expect(moves(where)).to.be.at.most(10_000 / 25);
  });

  it('does not move for a fault whose core nobody knows', () => {
    expect(places([-1, -1, 2, -1, ...often(20, -1)])).to.deep.equal([ANYWHERE, ANYWHERE, 2, 2, ...often(20, 2)]);
  });

  it('never leaves the cores that the thread was given', () => {
    expect(places(often(20, 3), [0, 1])).to.deep.equal(often(20, ANYWHERE));
    expect(places([...often(20, 1), ...often(20, 7)], [0, 1]).at(-1)).to.equal(ANYWHERE);
  });

  it('does nothing if there is only one core, or none is known', () => {
    for (const allowed of [[0], []]) expect(places(often(20, 0), allowed)).to.deep.equal(often(20, ANYWHERE));
  });

  it('never asks again for a core that was refused, but still moves to others', () => {
    const placement = new (probe().Placement)([0, 1]);
    expect(placement.afterFault(0)).to.equal(0);
    placement.refuse(0);
    for (let times = 0; times < 100; times++) expect(placement.afterFault(0)).to.equal(ANYWHERE);
    for (let times = 0; times < TO_MOVE; times++) placement.afterFault(1);
    expect(placement.afterFault(1)).to.equal(1);
  });
});
