import { expect } from 'chai';
import { activityBetween } from '#ts/cli/top/activity.js';
import { snapshotOf } from '#ts/cli/top/snapshot.js';
import { heldClaim, nativeClaim, snapshot } from '../../support/held.js';
import { PAGE } from '../../support/pages.js';

const counts = (times: number) => ({
  faults: times,
  pagesByFault: 2 * times,
  pagesByReadAhead: 3 * times,
  pagesByPrefetch: 4 * times,
});
const rates = (times: number) => ({
  faults: times,
  bytesByFault: 2 * times * PAGE,
  bytesByReadAhead: 3 * times * PAGE,
  bytesByPrefetch: 4 * times * PAGE,
});

describe('the activity between two snapshots', () => {
  it('is given per second, however far apart they are', () => {
    const before = snapshot(1000, heldClaim(counts(10)));
    for (const [takenAtMs, times] of [
      [2000, 10],
      [1500, 5],
      [11_000, 100],
    ] as const) {
      const [claim] = activityBetween(before, snapshot(takenAtMs, heldClaim(counts(10 + times))), PAGE).claims;
      expect(claim?.rates).to.deep.equal(rates(10));
    }
  });

  it('includes everything that a new claim has counted', () => {
    const [claim] = activityBetween(snapshot(0), snapshot(500, heldClaim(counts(4))), PAGE).claims;
    expect(claim?.rates).to.deep.equal(rates(8));
  });

  for (const [title, changes] of [
    ['process', { pid: 101 }],
    ['number', { number: 2 }],
    ['address', { address: 0x1000n }],
  ] as const) {
    it(`is not counted from another claim, one with another ${title}`, () => {
      const before = snapshot(0, heldClaim(counts(50)));
      const [claim] = activityBetween(before, snapshot(1000, heldClaim({ ...counts(60), ...changes })), PAGE).claims;
      expect(claim?.rates).to.deep.equal(rates(60));
    });
  }

  it('is never negative', () => {
    const before = snapshot(0, heldClaim(counts(50)));
    const [claim] = activityBetween(before, snapshot(1000, heldClaim(counts(40))), PAGE).claims;
    expect(claim?.rates).to.deep.equal(rates(0));
  });

  it('is unknown at the first snapshot, and for claims that the kernel pages', () => {
    const once = activityBetween(undefined, snapshot(1000, heldClaim(counts(5))), PAGE);
    expect(once.claims[0]?.rates).to.equal(null);
    for (const paging of ['kernel', 'eager'] as const) {
      const twice = activityBetween(snapshot(0), snapshot(1000, heldClaim({ paging })), PAGE);
      expect(twice.claims[0]?.rates).to.equal(null);
    }
  });

  it('is summed up, and lists the busiest first', () => {
    const idle = heldClaim({ number: 1 });
    const large = heldClaim({ number: 2, byteLength: 8 * PAGE });
    const busy = heldClaim({ number: 3, ...counts(7) });
    const { claims, totals } = activityBetween(snapshot(0), snapshot(1000, idle, large, busy), PAGE);
    expect(claims.map(({ number }) => number)).to.deep.equal([3, 2, 1]);
    expect(totals).to.deep.equal(rates(7));
  });
});

describe('a snapshot', () => {
  it('has the claims with the process that holds them', () => {
    const { claims } = snapshotOf(
      [
        { pid: 5, answer: 'told', claims: [nativeClaim({ number: 1 }), nativeClaim({ number: 2 })] },
        { pid: 6, answer: 'told', claims: [nativeClaim({ number: 1 })] },
      ],
      0,
      (pid) => `name of ${pid}`,
    );
    expect(claims.map(({ pid, process, number }) => [pid, process, number])).to.deep.equal([
      [5, 'name of 5', 1],
      [5, 'name of 5', 2],
      [6, 'name of 6', 1],
    ]);
  });

  it('counts processes by their answers, and those with two brokers once', () => {
    const answers = [
      [1, 'told'],
      [2, 'refused'],
      [3, 'none'],
      [4, 'none'],
      [4, 'told'],
      [5, 'refused'],
      [5, 'none'],
    ] as const;
    const { processes } = snapshotOf(
      answers.map(([pid, answer]) => ({ pid, answer, claims: [] })),
      0,
    );
    expect(processes).to.deep.equal({ told: 2, refused: 2, silent: 1 });
  });
});
