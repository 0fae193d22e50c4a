import { expect } from 'chai';
import { Code } from '../support/codes.js';
import { probe, type BookOffer, type EngineError, type OfferBook } from '../support/probe.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const [ALICE, BOB] = [1, 2];
const PLACE = 0x1000;

function codeOf(result: BookOffer | number | EngineError): number {
  return typeof result === 'object' && 'code' in result ? result.code : Code.Ok;
}

function idOf(result: number | EngineError): number {
  if (typeof result !== 'number') throw new Error(result.message);
  return result;
}

describe('OfferBook', () => {
  let book: OfferBook;

  before(function () {
    requires(this, needs.probe);
  });
  beforeEach(() => {
    book = new (probe().OfferBook)();
  });

  const add = (destination = ALICE, address = PLACE) => idOf(book.add(destination, address, 4096, 1));

  it('gives growing ids, and finds the offers again', () => {
    const first = add();
    const second = add(BOB);
    expect(second).to.be.greaterThan(first);
    expect(book.find(first)).to.deep.equal({
      id: first,
      destination: ALICE,
      address: PLACE,
      byteLength: 4096,
      flags: 1,
      state: 'pending',
    });
    expect(book.findAt(BOB, PLACE)).to.equal(second);
    expect(book.size()).to.equal(2);
  });

  it('never gives an id twice', () => {
    const ids = Array.from({ length: 50 }, () => {
      const id = add();
      book.cancel(id);
      return id;
    });
    expect(new Set(ids).size).to.equal(50);
  });

  it('takes one offer of an address to each destination', () => {
    add();
    expect(codeOf(book.add(ALICE, PLACE, 8192, 3))).to.equal(Code.Busy);
    expect(codeOf(book.add(BOB, PLACE, 8192, 3))).to.equal(Code.Ok);
  });

  it('gives the same answer whether nothing is there or it is for someone else', () => {
    add(ALICE);
    const [nothing, foreign] = [book.beginClaim(ALICE, PLACE * 2), book.beginClaim(BOB, PLACE)] as EngineError[];
    expect(nothing?.code).to.equal(Code.NotOffered);
    expect(foreign).to.deep.equal(nothing);
  });

  it('lets one claim at a time begin, and one finish', () => {
    const id = add();
    expect(book.beginClaim(ALICE, PLACE)).to.include({ id, state: 'claiming' });
    expect(codeOf(book.beginClaim(ALICE, PLACE))).to.equal(Code.Busy);
    expect(book.finishClaim(id)).to.be.true;
    expect(book.finishClaim(id)).to.be.false;
    expect(codeOf(book.beginClaim(ALICE, PLACE))).to.equal(Code.NotOffered);
    expect(book.size()).to.equal(0);
  });

  it('lets a claim be returned, and begun again', () => {
    const id = add();
    book.beginClaim(ALICE, PLACE);
    expect(book.returnClaim(id)).to.be.true;
    expect(book.find(id)?.state).to.equal('pending');
    expect(book.returnClaim(id)).to.be.false;
    expect(book.finishClaim(id)).to.be.false;
    expect(codeOf(book.beginClaim(ALICE, PLACE))).to.equal(Code.Ok);
  });

  it('cancels while the offer is pending, and is too late once it is being claimed', () => {
    const id = add();
    book.beginClaim(ALICE, PLACE);
    expect(book.cancel(id)).to.equal('too-late');
    book.returnClaim(id);
    expect(book.cancel(id)).to.equal('cancelled');
    expect(book.cancel(id)).to.equal('not-there');
    expect(book.find(id)).to.equal(null);
  });

  it('expires all offers to a destination, including those that it is claiming, and no others', () => {
    const ids = [add(ALICE, PLACE), add(ALICE, PLACE * 2)];
    const other = add(BOB);
    book.beginClaim(ALICE, PLACE);
    expect(book.expire(ALICE)).to.deep.equal(ids);
    expect(book.expire(ALICE)).to.deep.equal([]);
    expect(book.finishClaim(ids[0] ?? 0)).to.be.false;
    expect(book.listAll().map(({ id }) => id)).to.deep.equal([other]);
  });

  describe('when the source loses a right', () => {
    const offer = (address: number, byteLength: number, flags: number, destination = ALICE) =>
      idOf(book.add(destination, address, byteLength, flags));
    const revoke = (address: number, byteLength: number, rights: number) => book.revoke(0, address, byteLength, rights);

    it('revokes the pending offers that overlap and grant it', () => {
      const ids = [offer(0x1000, 0x2000, 1), offer(0x2000, 0x1000, 3), offer(0x2000, 0x1000, 1, BOB)];
      expect(revoke(0x2000, 0x1000, 2)).to.deep.equal([ids[1]]);
      expect(revoke(0x2000, 0x1000, 1).sort()).to.deep.equal([ids[0], ids[2]]);
      expect(book.size()).to.equal(0);
    });

    it('leaves neighbours, other rights and offers that are being claimed', () => {
      const [before, behind] = [offer(0x1000, 0x1000, 7), offer(0x3000, 0x1000, 7)];
      const claiming = offer(0x2000, 0x1000, 7);
      book.beginClaim(ALICE, 0x2000);
      offer(0x2000, 0x1000, 1, BOB);
      expect(revoke(0x2000, 0x1000, 6)).to.deep.equal([]);
      expect([before, behind, claiming].map((id) => book.find(id)?.id)).to.deep.equal([before, behind, claiming]);
      expect(book.finishClaim(claiming)).to.be.true;
    });
  });

  it('lists in the order of ids, from where the last list ended', () => {
    const ids = Array.from({ length: 10 }, (_, index) => add(ALICE, PLACE * (20 - index)));
    add(BOB);
    const listed = (after: number, limit: number) => book.list(ALICE, after, limit).map(({ id }) => id);
    expect(listed(0, 4)).to.deep.equal(ids.slice(0, 4));
    expect(listed(ids[3] ?? 0, 100)).to.deep.equal(ids.slice(4));
    expect(listed(ids[9] ?? 0, 100)).to.deep.equal([]);
    expect(listed(0, 0)).to.deep.equal([]);
    expect(book.list(3, 0, 10)).to.deep.equal([]);
  });

  it(`agrees with a plain list, whatever is done to it (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    const model = new Model();
    for (let round = 0; round < 5000; round++) {
      const [destination, address] = [1 + random.below(4), PLACE * (1 + random.below(6))];
      const id = random.pick([...model.offers.map((offer) => offer.id), 0, 1, round]);
      const action = random.pick(Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]);
      const expected = ACTIONS[action](model, destination, address, id);
      const got = ACTIONS[action](book, destination, address, id);
      expect(got, `round ${round}, ${action}`).to.deep.equal(expected);
      expect(book.listAll(), `after round ${round}, ${action}`).to.deep.equal(model.listAll());
    }
  });
});

type Bookish = Omit<OfferBook, 'listAll' | 'find'>;

/** The operations of a book. Errors are compared only by their code. */
const ACTIONS = {
  add: (book: Bookish, destination: number, address: number) => {
    const result = book.add(destination, address, 4096, 1);
    return typeof result === 'number' ? result : -result.code;
  },
  beginClaim: (book: Bookish, destination: number, address: number) => {
    const result = book.beginClaim(destination, address);
    return 'code' in result ? result.code : result;
  },
  finishClaim: (book: Bookish, _destination: number, _address: number, id: number) => book.finishClaim(id),
  returnClaim: (book: Bookish, _destination: number, _address: number, id: number) => book.returnClaim(id),
  cancel: (book: Bookish, _destination: number, _address: number, id: number) => book.cancel(id),
  expire: (book: Bookish, destination: number, address: number) => (address === PLACE ? book.expire(destination) : []),
  revoke: (book: Bookish, _destination: number, address: number) =>
    address === PLACE * 2 ? book.revoke(PLACE, address, PLACE * 3, 1) : [],
  findAt: (book: Bookish, destination: number, address: number) => book.findAt(destination, address),
  list: (book: Bookish, destination: number, _address: number, id: number) => book.list(destination, id, 3),
  size: (book: Bookish) => book.size(),
};

/** The book as a list that is searched from its beginning. */
class Model implements Bookish {
  offers: BookOffer[] = [];
  #lastId = 0;

  add(destination: number, address: number, byteLength: number, flags: number) {
    if (this.findAt(destination, address) !== null) return { code: Code.Busy, message: '' };
    const id = ++this.#lastId;
    this.offers.push({ id, destination, address, byteLength, flags, state: 'pending' });
    return id;
  }
  findAt(destination: number, address: number) {
    return this.offers.find((offer) => offer.destination === destination && offer.address === address)?.id ?? null;
  }
  beginClaim(destination: number, address: number) {
    const offer = this.#of(this.findAt(destination, address) ?? 0);
    if (!offer) return { code: Code.NotOffered, message: '' };
    if (offer.state === 'claiming') return { code: Code.Busy, message: '' };
    offer.state = 'claiming';
    return { ...offer };
  }
  finishClaim(id: number) {
    const isClaiming = this.#of(id)?.state === 'claiming';
    if (isClaiming) this.#drop((offer) => offer.id === id);
    return isClaiming;
  }
  returnClaim(id: number) {
    const offer = this.#of(id);
    if (offer?.state !== 'claiming') return false;
    offer.state = 'pending';
    return true;
  }
  cancel(id: number) {
    const offer = this.#of(id);
    if (!offer) return 'not-there' as const;
    if (offer.state === 'claiming') return 'too-late' as const;
    this.#drop((other) => other === offer);
    return 'cancelled' as const;
  }
  expire(destination: number) {
    return this.#drop((offer) => offer.destination === destination);
  }
  revoke(_searchFrom: number, address: number, byteLength: number, rights: number) {
    const end = address + byteLength;
    const overlaps = (offer: BookOffer) => offer.address < end && offer.address + offer.byteLength > address;
    return this.#drop(
      (offer) => offer.state === 'pending' && overlaps(offer) && (offer.flags & rights) !== 0,
      (a, b) => a.address - b.address || a.id - b.id,
    );
  }
  list(destination: number, after: number, limit: number) {
    return this.offers.filter((offer) => offer.destination === destination && offer.id > after).slice(0, limit);
  }
  listAll() {
    return this.offers;
  }
  size() {
    return this.offers.length;
  }

  #of(id: number) {
    return this.offers.find((offer) => offer.id === id);
  }
  #drop(isOver: (offer: BookOffer) => boolean, order = (a: BookOffer, b: BookOffer) => a.id - b.id) {
    const over = this.offers.filter(isOver).sort(order);
    this.offers = this.offers.filter((offer) => !over.includes(offer));
    return over.map(({ id }) => id);
  }
}
