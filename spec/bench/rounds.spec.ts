import { expect } from 'chai';
import { measuredOf, measureInRounds, repeated } from '../../bench/rounds.js';

/** Returns 0, 1, 2 and so on, and records the order of the calls. */
function counting(name: string, asked: string[] = []) {
  let count = 0;
  return () => {
    asked.push(name);
    return Promise.resolve({ [name]: count++ });
  };
}

describe("a bench's rounds", () => {
  it('take every measurement once a round, in turn', async () => {
    const asked: string[] = [];
    await measureInRounds([counting('ours', asked), counting('theirs', asked)], 2);
    expect(asked).to.deep.equal(['ours', 'theirs', 'ours', 'theirs', 'ours', 'theirs']);
  });

  it('do not count the first round, which warms up, unless there is no warm-up', async () => {
    expect((await measureInRounds([counting('ours')], 2)).get('ours')).to.deep.equal([1, 2]);
    expect((await measureInRounds([counting('ours')], 2, { warmUp: false })).get('ours')).to.deep.equal([0, 1]);
  });

  it('leave out measurements that failed', async () => {
    const samples = await measureInRounds([() => Promise.resolve({ here: 1, nowhere: NaN })], 2);
    expect([...measuredOf(samples)]).to.deep.equal([['here', [1, 1]]]);
  });

  it('may repeat short measurements, and then count the medians', async () => {
    expect(await repeated(5, counting('ours'))).to.deep.equal({ ours: 2 });
  });
});
