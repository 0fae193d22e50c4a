import { expect } from 'chai';
import { WaitPolicy } from '#ts/channel/waiting/wait-policy.js';
import { LONGEST_LOOK_US, Talk, type Machine } from '../../../support/talk.js';

const TWO_CORES: Machine = { wakingUs: 40, hasTwoCores: true };
const ONE_CORE: Machine = { wakingUs: 10, hasTwoCores: false };
const MS = 1000;

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

describe('the policy of waiting, in a talk', () => {
  it('changes from sleeping to looking on both sides, and stays there', () => {
    for (const wakingUs of [5, 20, 40, 80, 99]) {
      const talk = new Talk({ ...TWO_CORES, wakingUs });
      talk.roundTrips(20, 10 * MS);
      talk.roundTrips(20, 0);
      expect(Math.max(...talk.roundTrips(1000, 0)), `waking takes ${wakingUs} µs`).to.be.below(1);
    }
  });

  it('looks again at once after a pause, which costs each side one look in vain at most', () => {
    const talk = new Talk(TWO_CORES);
    talk.roundTrips(20, 0);
    const { pinger, ponger } = talk;
    for (let pause = 1; pause <= 10; pause++) {
      const before = pinger.vainLooks + ponger.vainLooks;
      talk.roundTrips(1, 10 * MS);
      expect(pinger.vainLooks + ponger.vainLooks - before).to.be.at.most(2);
      talk.roundTrips(10, 0);
      expect(Math.max(...talk.roundTrips(100, 0))).to.be.below(1);
    }
  });

  it('stops looking after two messages at most when the talk becomes slow', () => {
    const talk = new Talk(TWO_CORES);
    talk.roundTrips(100, 0);
    const { ponger } = talk;
    ponger.vainLooks = 0;
    talk.roundTrips(1000, MS);
    expect(ponger.vainLooks).to.be.at.most(2);
  });

  it('of one message a millisecond never looks', () => {
    const { pinger, ponger } = runPaced(MS);
    expect(ponger.lookedUs).to.equal(0);
    expect(pinger.lookedUs).to.equal(0);
  });

  it('of messages that come just too late to be found wastes next to nothing', () => {
    const { ponger } = runPaced(120);
    expect(ponger.lookedUs / ponger.waits).to.be.below(0.02 * LONGEST_LOOK_US);
  });

  it('serves short bursts with long pauses between them, and wastes little on the pauses', () => {
    const talk = new Talk(TWO_CORES);
    const tripsUs: number[] = [];
    for (let burst = 0; burst < 100; burst++) {
      talk.roundTrips(1, 10 * MS);
      tripsUs.push(...talk.roundTrips(30, 0));
    }
    expect(sumOf(tripsUs) / tripsUs.length, 'asleep it would be 80').to.be.below(8);
    expect(talk.pinger.lookedUs + talk.ponger.lookedUs, 'of a second').to.be.below(0.03 * 1000 * MS);
  });

  it('hardly looks if that keeps the other side from running', () => {
    const talk = new Talk(ONE_CORE);
    const tripsUs = talk.roundTrips(100_000, 0);
    expect(sumOf(tripsUs) / tripsUs.length, 'asleep it is 20').to.be.below(20 * 1.05);
    expect(talk.pinger.vainLooks).to.be.below(150);
  });

  it('looks again once that no longer keeps the other side from running', () => {
    const machine = { ...ONE_CORE };
    const talk = new Talk(machine);
    talk.roundTrips(100_000, 0);
    machine.hasTwoCores = true;
    talk.roundTrips(2100, 0);
    expect(Math.max(...talk.roundTrips(1000, 0))).to.be.below(1);
  });

  it('on a busy machine gives up looking if it does not pay', () => {
    // The other side has its core for a while, and then loses it for a while.
    const machine = { wakingUs: 300, hasTwoCores: true };
    const talk = new Talk(machine);
    for (let turn = 0; turn < 200; turn++) {
      machine.hasTwoCores = turn % 2 === 0;
      talk.roundTrips(20, 0);
    }
    const waits = talk.pinger.waits + talk.ponger.waits;
    expect((talk.pinger.lookedUs + talk.ponger.lookedUs) / waits).to.be.below(0.1 * LONGEST_LOOK_US);
  });

  function runPaced(pauseUs: number) {
    const talk = new Talk(TWO_CORES);
    talk.roundTrips(1000, pauseUs);
    return talk;
  }
});

describe('the policy of waiting', () => {
  const policyAfter = (learn: (policy: WaitPolicy) => void) => {
    const policy = new WaitPolicy(LONGEST_LOOK_US);
    learn(policy);
    return policy.isLookWorthwhile;
  };

  it('does not look before it has learned anything', () => {
    expect(policyAfter(() => undefined)).to.be.false;
  });

  it('looks after one wait that a look would have ended', () => {
    expect(
      policyAfter((policy) => {
        policy.slept(80);
      }),
    ).to.be.true;
    expect(
      policyAfter((policy) => {
        policy.slept(1000);
      }),
    ).to.be.false;
    expect(
      policyAfter((policy) => {
        policy.foundAtOnce();
      }),
    ).to.be.true;
  });

  it('does not look if every other wait is long', () => {
    const policy = new WaitPolicy(LONGEST_LOOK_US);
    for (let turn = 0; turn < 100; turn++) {
      policy.slept(50);
      if (turn > 2) expect(policy.isLookWorthwhile).to.be.false;
      policy.slept(2000);
      expect(policy.isLookWorthwhile).to.be.false;
    }
  });

  it('skips more looks after each look in vain, and none once a look has paid', () => {
    const policy = new WaitPolicy(LONGEST_LOOK_US);
    const leftOut: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      policy.lookedInVain();
      let sleeps = 0;
      for (; !policy.isLookWorthwhile; sleeps++) policy.slept(20);
      leftOut.push(sleeps);
    }
    expect(leftOut).to.deep.equal([2, 3, 7, 15, 31, 63, 127, 255, 511, 1023, 1023, 1023]);
    policy.found(1);
    policy.lookedInVain();
    let sleeps = 0;
    for (; !policy.isLookWorthwhile; sleeps++) policy.slept(20);
    expect(sleeps).to.be.at.most(2);
  });

  it('counts a look that found something as late as sleeping would have as a long wait', () => {
    const policy = new WaitPolicy(LONGEST_LOOK_US);
    for (let turn = 0; turn < 10; turn++) policy.foundAtOnce();
    policy.found(3000);
    policy.found(3000);
    expect(policy.isLookWorthwhile).to.be.false;
  });
});
