import { expect } from 'chai';
import { nameFrom, nameOfProcess } from '#ts/cli/top/process-name.js';

describe('the name of a process', () => {
  for (const [words, name] of [
    [['/usr/bin/node', '/srv/app/server.js', '--port', '80'], 'server.js'],
    [['node', '--expose-gc', '/srv/worker.mjs'], 'worker.mjs'],
    [['node'], 'node'],
    [['node', '-'], 'node'],
    [['/opt/my program', 'x'], 'my program'],
    [['server: main'], 'server: main'],
    [['\x1b[31mred\x07'], '?[31mred?'],
    [['naïve'], 'na?ve'],
    [[], '?'],
    [['/'], '?'],
  ] as const) {
    it(`is ${name} when it was started as ${JSON.stringify(words.join(' '))}`, () => {
      expect(nameFrom(words.map((word) => `${word}\0`).join(''))).to.equal(name);
    });
  }

  it('is a question mark if there is no such process', () => {
    expect(nameOfProcess(2 ** 30)).to.equal('?');
  });
});
