import { expect } from 'chai';
import { SpinBudget } from '#ts/channel/waiting/spin-budget.js';
import { VainAttempts } from '#ts/channel/waiting/vain-attempts.js';

describe('a spin budget', () => {
  /** How often it looks each time, when looking ends like that. */
  const looksOf = (budget: SpinBudget, outcomes: readonly boolean[]) =>
    outcomes.map((outcome) => {
      let looked = -1;
      const hasPaid = budget.spend((looks) => {
        looked = looks;
        return outcome;
      });
      expect(hasPaid).to.equal(outcome);
      return looked;
    });
  const times = (count: number, outcome: boolean) => new Array<boolean>(count).fill(outcome);

  it('begins with the most, and stays there while it pays', () => {
    expect(looksOf(new SpinBudget(2), times(3, true))).to.deep.equal([2048, 2048, 2048]);
  });

  it('is halved each time it was in vain, down to the fewest', () => {
    expect(looksOf(new SpinBudget(2), times(9, false))).to.deep.equal([2048, 1024, 512, 256, 128, 64, 32, 32, 32]);
  });

  it('is doubled each time it paid, up to the most', () => {
    const budget = new SpinBudget(2);
    looksOf(budget, times(9, false));
    expect(looksOf(budget, times(8, true))).to.deep.equal([32, 64, 128, 256, 512, 1024, 2048, 2048]);
  });

  it('is nothing where there is one processor: nobody else comes while this one looks', () => {
    expect(looksOf(new SpinBudget(1), [false, true, true])).to.deep.equal([0, 0, 0]);
  });
});

describe('vain attempts', () => {
  it('have one look for himself who makes 8192 of them, and again after as many', () => {
    const lookedAt: number[] = [];
    let made = 0;
    const attempts = new VainAttempts(() => lookedAt.push(made));
    while (made < 20_000) {
      made++;
      attempts.note();
    }
    expect(lookedAt).to.deep.equal([8192, 16_384]);
  });
});
