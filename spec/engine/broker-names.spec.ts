import { expect } from 'chai';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const OWN = 7n;

function inOrder(addresses: readonly string[]) {
  return probe().namesInOrder(OWN, addresses);
}

describe('parse_broker_address', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('parses the addresses that broker_address makes', () => {
    for (const [pidNamespace, pid, slot] of [
      [0n, 1, 0],
      [4026531836n, 77, 3],
      [2n ** 64n - 1n, 2 ** 31 - 1, 2 ** 32 - 1],
    ] as const) {
      const address = probe().brokerAddress(pidNamespace, pid, slot);
      expect(probe().parseBrokerAddress(address)).to.deep.equal({ pidNamespace, pid, slot });
    }
  });

  for (const address of [
    '',
    'vmoffer',
    'vmoffer/',
    'vmoffer/1/2',
    'vmoffer/1/2/',
    'vmoffer/1/2/3/',
    'vmoffer/1/2/3 ',
    'vmoffer/ 1/2/3',
    'vmoffer/1/ 2/3',
    'vmoffer/01/2/3',
    'vmoffer/1/02/3',
    'vmoffer/1/2/00',
    'vmoffer/1/0/3',
    'vmoffer/1/-2/3',
    'vmoffer/+1/2/3',
    'vmoffer/x/2/3',
    'vmoffer/1/2/x',
    'vmoffer/1/2/3x',
    'Vmoffer/1/2/3',
    'vmoffer/1/2147483648/3',
    'vmoffer/1/2/4294967296',
    'vmoffer/18446744073709551616/2/3',
    'vmoffer/1/2/3@',
  ]) {
    it(`takes ${JSON.stringify(address)} for something else than a broker's name`, () => {
      expect(probe().parseBrokerAddress(address)).to.be.undefined;
    });
  }
});

describe('the order of names', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('has the first name of every process before the second of any', () => {
    const flood = Array.from({ length: 50 }, (_, slot) => `vmoffer/7/1/${slot}`);
    const { names } = inOrder([...flood, 'vmoffer/7/2/1', 'vmoffer/7/2/0', 'vmoffer/7/3/9']);
    expect(names.slice(0, 5)).to.deep.equal([
      'vmoffer/7/1/0',
      'vmoffer/7/2/0',
      'vmoffer/7/3/9',
      'vmoffer/7/1/1',
      'vmoffer/7/2/1',
    ]);
    expect(names).to.have.lengthOf(53);
  });

  it('alternates between the own pid namespace and others, because anybody can make up any number of those', () => {
    const madeUp = Array.from({ length: 50 }, (_, number) => `vmoffer/${number + 100}/1/0`);
    const { names } = inOrder([...madeUp, 'vmoffer/7/2/0', 'vmoffer/7/3/0']);
    expect(names.slice(0, 4).filter((name) => name.startsWith('vmoffer/7/'))).to.have.lengthOf(2);
    expect(names).to.have.lengthOf(52);
  });

  it('keeps the lowest slots of a process that has too many, and says how many it has left out', () => {
    const slots = Array.from({ length: 3000 }, (_, slot) => `vmoffer/7/1/${3000 - slot}`);
    const { names, leftOut } = inOrder([...slots, 'vmoffer/7/1/0']);
    expect(names).to.have.lengthOf(1024);
    expect(names[0]).to.equal('vmoffer/7/1/0');
    expect(names.at(-1)).to.equal('vmoffer/7/1/1023');
    expect(leftOut).to.equal(3001 - 1024);
  });

  it('has room for orderly slots even if others have taken all the rest', () => {
    const madeUp = Array.from({ length: 70_000 }, (_, number) => `vmoffer/7/${number + 10}/99`);
    const { names, leftOut } = inOrder([...madeUp, 'vmoffer/7/5/0']);
    expect(names).to.include('vmoffer/7/5/0');
    expect(leftOut).to.equal(70_000 - 65_536);
  });
});
