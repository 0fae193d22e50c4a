import { expect } from 'chai';
import { parseArguments, UsageError } from '../../bench/arguments.js';

function parse(line: string) {
  return parseArguments(line.split(' ').filter(Boolean), ['claim', 'fault']);
}

describe("the bench's arguments", () => {
  it('choose all benches, at full effort, if there are none', () => {
    const { names, effort, folder, isShow, isDocument, isHelp } = parse('');
    expect({ names, folder, isShow, isDocument, isHelp }).to.deep.equal({
      names: [],
      folder: 'bench/results',
      isShow: false,
      isDocument: false,
      isHelp: false,
    });
    expect([effort.rounds(7), effort.pick('all', 'little')]).to.deep.equal([7, 'all']);
  });

  it('choose benches by name, and the number of rounds', () => {
    const { names, effort } = parse('fault --rounds 3');
    expect([names, effort.rounds(7), effort.pick('all', 'little')]).to.deep.equal([['fault'], 3, 'all']);
  });

  it('keep the figures of a quick run apart from meaningful ones', () => {
    const { effort, folder } = parse('--quick');
    expect([effort.rounds(7), effort.pick('all', 'little'), folder]).to.deep.equal([1, 'little', 'out/bench/quick']);
    expect(parse('--quick --results elsewhere').folder).to.equal('elsewhere');
  });

  for (const line of ['clam', '--rounds 0', '--rounds many', '--rouns 3']) {
    it(`refuse '${line}'`, () => {
      expect(() => parse(line)).to.throw(UsageError);
    });
  }
});
