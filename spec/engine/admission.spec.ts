import { expect } from 'chai';
import { probe, type Room } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

/** There is room for everybody. */
const ROOM: Room = {
  verdict: 'yes',
  ofProcess: 0,
  lowestFree: 20,
  limit: 1024,
  hasOnlySpares: false,
  briefConnections: 0,
  isGuest: false,
};

function admission(room: Partial<Room>): string {
  return probe().admissionFor({ ...ROOM, ...room });
}

describe('admission', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('has a half of the descriptors for connections that stand for no claim', () => {
    expect(probe().descriptorsForConnections(1024)).to.equal(512);
    expect(probe().connectionDescriptors).to.equal(2);
  });

  it('keeps whoever has not had his share', () => {
    expect(admission({})).to.equal('kept');
  });

  it('refuses a process that has had its share', () => {
    expect(admission({ verdict: 'process has its share', ofProcess: 300 })).to.equal('refused');
  });

  for (const verdict of ['user has its share', 'nothing left'] as const) {
    it(`answers who does not answer for it (${verdict}), and keeps him not`, () => {
      expect(admission({ verdict })).to.equal('answered');
    });

    it(`keeps a few connections of a guest (${verdict})`, () => {
      expect(admission({ verdict, isGuest: true, ofProcess: 14 })).to.equal('kept');
      expect(admission({ verdict, isGuest: true, ofProcess: 16 })).to.equal('answered');
    });
  }

  it('keeps nobody but guests while less than a quarter is free, whoever has the rest', () => {
    expect(admission({ lowestFree: 767 })).to.equal('kept');
    expect(admission({ lowestFree: 768 })).to.equal('answered');
    expect(admission({ lowestFree: 768, isGuest: true, ofProcess: 200 })).to.equal('kept');
  });

  it('goes by a limit that has been lowered since', () => {
    expect(admission({ lowestFree: 100, limit: 64 })).to.equal('answered');
  });

  it('answers guests, too, with the descriptors that are kept back', () => {
    expect(admission({ hasOnlySpares: true })).to.equal('answered');
    expect(admission({ hasOnlySpares: true, isGuest: true })).to.equal('answered');
  });

  it('answers eight at a time', () => {
    expect(admission({ verdict: 'nothing left', briefConnections: 7 })).to.equal('answered');
    expect(admission({ verdict: 'nothing left', briefConnections: 8 })).to.equal('refused');
  });
});
