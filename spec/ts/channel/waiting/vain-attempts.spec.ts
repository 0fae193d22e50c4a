import { expect } from 'chai';
import { VainAttempts } from '#ts/channel/waiting/vain-attempts.js';

describe('vain attempts', () => {
  it('cause a look after 8192 of them, and again after as many', () => {
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
