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
  offersToIt: 0,
};

function admission(room: Partial<Room>): string {
  return probe().admissionFor({ ...ROOM, ...room });
}

describe('admission', () => {
  before(function () {
    requires(this, needs.probe);
  });

  it('keeps half of the descriptors for connections that stand for no claim', () => {
    expect(probe().descriptorsForConnections(1024)).to.equal(512);
    expect(probe().connectionDescriptors).to.equal(2);
  });

  it('keeps a process that has not had its share', () => {
    expect(admission({})).to.equal('kept');
  });

  it('refuses a process that has had its share', () => {
    expect(admission({ verdict: 'process has its share', ofProcess: 300 })).to.equal('refused');
  });

  for (const verdict of ['user has its share', 'nothing left'] as const) {
    it(`answers a process without keeping its connection (${verdict})`, () => {
      expect(admission({ verdict })).to.equal('answered');
    });

    it(`keeps a few connections of a guest (${verdict})`, () => {
      expect(admission({ verdict, offersToIt: 1, ofProcess: 14 })).to.equal('kept');
      expect(admission({ verdict, offersToIt: 1, ofProcess: 16 })).to.equal('answered');
    });
  }

  it('keeps enough connections of a guest to claim everything that it is offered at once, up to a quarter of the descriptors', () => {
    const guest = { verdict: 'process has its share', offersToIt: 60 } as const;
    expect(admission({ ...guest, ofProcess: 118 })).to.equal('kept');
    expect(admission({ ...guest, ofProcess: 120 })).to.equal('refused');
    expect(admission({ ...guest, offersToIt: 1000, ofProcess: 254 })).to.equal('kept');
    expect(admission({ ...guest, offersToIt: 1000, ofProcess: 256 })).to.equal('refused');
  });

  it('keeps only guests while less than a quarter is free, whichever process has the rest', () => {
    expect(admission({ lowestFree: 767 })).to.equal('kept');
    expect(admission({ lowestFree: 768 })).to.equal('answered');
    expect(admission({ lowestFree: 768, offersToIt: 1, ofProcess: 200 })).to.equal('kept');
  });

  it('respects a limit that has been lowered since', () => {
    expect(admission({ lowestFree: 100, limit: 64 })).to.equal('answered');
  });

  it('answers guests, too, with the descriptors that are kept back', () => {
    expect(admission({ hasOnlySpares: true })).to.equal('answered');
    expect(admission({ hasOnlySpares: true, offersToIt: 1 })).to.equal('answered');
  });

  it('answers eight at a time', () => {
    expect(admission({ verdict: 'nothing left', briefConnections: 7 })).to.equal('answered');
    expect(admission({ verdict: 'nothing left', briefConnections: 8 })).to.equal('refused');
  });

  describe('of descriptors in flight', () => {
    it('allows a quarter of them, and a half where it cannot be less', () => {
      expect(probe().descriptorsForFlights(1024)).to.equal(256);
    });

    it('sends more to a process that has not had its share', () => {
      expect(probe().mayBeSentMore('yes', 100, 200, 1024)).to.be.true;
      expect(probe().mayBeSentMore('process has its share', 100, 200, 1024)).to.be.false;
    });

    for (const verdict of ['user has its share', 'nothing left'] as const) {
      it(`sends the descriptors of one claim to a process that has left none unread, whatever others have left (${verdict})`, () => {
        expect(probe().mayBeSentMore(verdict, 0, 300, 1024)).to.be.true;
        expect(probe().mayBeSentMore(verdict, 1, 300, 1024)).to.be.false;
        expect(probe().mayBeSentMore(verdict, 0, 512, 1024)).to.be.false;
      });
    }
  });
});
