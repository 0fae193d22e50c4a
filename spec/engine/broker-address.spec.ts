import { expect } from 'chai';
import { allocate, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { probe } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';
import { brokerSocketsOf, ownPidNamespace } from '../support/sockets.js';

/** The longest abstract address, without its leading zero byte. */
const MAX_ADDRESS_BYTES = 107;

describe('broker_address', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('is made of the pid namespace, the pid and the slot', () => {
    expect(probe().brokerAddress(4026531836n, 77, 3)).to.equal('vmoffer/4026531836/77/3');
    expect(probe().brokerAddressPrefix(4026531836n, 77)).to.equal('vmoffer/4026531836/77/');
  });

  it('has a prefix that no other process shares', () => {
    expect(probe().brokerAddress(1n, 77, 0).startsWith(probe().brokerAddressPrefix(1n, 7))).to.be.false;
    expect(probe().brokerAddress(11n, 7, 0).startsWith(probe().brokerAddressPrefix(1n, 7))).to.be.false;
  });

  it('fits an abstract address, whatever the numbers', () => {
    const longest = probe().brokerAddress(2n ** 64n - 1n, 2 ** 31 - 1, 2 ** 32 - 1);
    expect(longest).to.equal('vmoffer/18446744073709551615/2147483647/4294967295');
    expect(longest.length).to.be.at.most(MAX_ADDRESS_BYTES);
  });

  it('is the address at which this process listens', () => {
    using region = allocate(4096);
    vmOffer(process.pid, region, VMO_GRANT_R).cancel();
    const addresses = brokerSocketsOf(process.pid).map(({ address }) => address);
    expect(addresses).to.include(probe().brokerAddress(ownPidNamespace(), process.pid, 0));
  });
});
