import { ReadPace } from '#ts/supply/suppliers/read-pace.js';
import { expect } from 'chai';

describe('ReadPace', () => {
  const ask = (pace: ReadPace, times: number) => Array.from({ length: times }, () => pace.mayReadHere());

  it('has a thread read by itself while reads are quick', () => {
    const pace = new ReadPace();
    for (let read = 0; read < 100; read++) {
      expect(pace.mayReadHere()).to.be.true;
      pace.took(0.05);
    }
  });

  it('has others read for a while after a slow one, and then tries again', () => {
    const pace = new ReadPace();
    pace.took(10);
    const answers = ask(pace, 200);
    expect(answers[0]).to.be.false;
    const next = answers.indexOf(true);
    expect(next).to.be.greaterThan(8);
    pace.took(10);
    expect(ask(pace, next).some(Boolean)).to.be.false;
    expect(pace.mayReadHere()).to.be.true;
  });
});
