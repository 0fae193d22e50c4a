import { expect } from 'chai';
import { Lookout } from '#ts/channel/waiting/lookout.js';

const LONGEST_MS = 0.1;
const GLANCE_MS = 0.001;

/** A lookout for something that comes at a given time, in a world in which each look takes a microsecond. */
class World {
  nowMs = 0;
  comesAtMs = Infinity;
  glances: number[] = [];
  readonly whereabouts = {
    wereApart: true,
    questions: 0,
    areApart() {
      this.questions++;
      return this.wereApart;
    },
  };
  readonly lookout = new Lookout(
    (looks) => {
      this.glances.push(looks);
      this.nowMs += GLANCE_MS;
      return this.nowMs >= this.comesAtMs;
    },
    this.whereabouts,
    LONGEST_MS,
    () => this.nowMs,
  );

  /** Waits as an inbox does, for something that comes after this time. Returns how long it has looked. */
  wait(comesAfterMs: number): number {
    const began = this.nowMs;
    this.comesAtMs = began + comesAfterMs;
    let isThere = this.lookout.look();
    while (!isThere && this.lookout.goesOn) isThere = this.lookout.lookOn();
    const lookedMs = this.nowMs - began;
    if (!isThere) this.#sleep();
    return lookedMs;
  }

  #sleep(): void {
    this.lookout.giveUp();
    this.nowMs = Math.max(this.nowMs, this.comesAtMs) + 0.04;
    this.lookout.onWoken(this.nowMs);
  }
}

/** A world in which looking has paid. */
function talkativeWorld(): World {
  const world = new World();
  for (let wait = 0; wait < 10; wait++) world.wait(0.03);
  return world;
}

describe('a lookout', () => {
  it('takes only a glance before it knows that looking pays', () => {
    const world = new World();
    expect(world.wait(1)).to.be.closeTo(GLANCE_MS, 1e-9);
    expect(world.glances).to.deep.equal([32]);
    expect(world.whereabouts.questions, 'it says where it is before it sleeps').to.equal(1);
  });

  it('looks until something comes, if things came soon after it had gone to sleep before', () => {
    const world = new World();
    world.wait(0.03);
    expect(world.wait(0.03)).to.be.closeTo(0.03, 1e-9);
    expect(world.wait(0.09)).to.be.closeTo(0.09, 1e-9);
  });

  it('blocks its thread for a few tens of microseconds at a time, and looks for a tenth of a millisecond in all', () => {
    const world = talkativeWorld();
    world.comesAtMs = Infinity;
    const began = world.nowMs;
    const turns: number[] = [];
    const look = (slice: () => boolean) => {
      const start = world.nowMs;
      expect(slice()).to.be.false;
      turns.push(world.nowMs - start);
    };
    look(() => world.lookout.look());
    while (world.lookout.goesOn) look(() => world.lookout.lookOn());
    expect(Math.max(...turns)).to.be.below(0.03);
    expect(world.nowMs - began).to.be.within(LONGEST_MS, LONGEST_MS + 0.03);
  });

  it('does not look while the other side is on the same core, and looks again when it is not', () => {
    const world = talkativeWorld();
    world.whereabouts.wereApart = false;
    for (let wait = 0; wait < 10; wait++) expect(world.wait(0.03)).to.be.below(2 * GLANCE_MS);
    world.whereabouts.wereApart = true;
    expect(world.wait(0.03)).to.be.closeTo(0.03, GLANCE_MS);
  });

  it('stops looking as soon as the other side comes to the same core', () => {
    const world = talkativeWorld();
    world.comesAtMs = Infinity;
    expect(world.lookout.look()).to.be.false;
    world.whereabouts.wereApart = false;
    const before = world.nowMs;
    expect(world.lookout.lookOn()).to.be.false;
    expect(world.nowMs).to.equal(before);
    expect(world.lookout.goesOn).to.be.false;
  });

  it('learns from looks in vain', () => {
    const world = talkativeWorld();
    const lookedMs = Array.from({ length: 10 }, () => world.wait(10));
    expect(lookedMs.filter((ms) => ms > GLANCE_MS * 2)).to.have.lengthOf.at.most(2);
  });

  it('learns nothing from a wait that its caller gave up', () => {
    const world = talkativeWorld();
    world.comesAtMs = Infinity;
    world.lookout.look();
    expect(world.wait(0.03)).to.be.closeTo(0.03, 1e-9);
  });
});
