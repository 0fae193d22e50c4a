import { expect } from 'chai';
import { fstatSync, readSync } from 'node:fs';
import { capabilities } from 'vmoffer';
import { Code } from '../support/codes.js';
import { probe, type SupplyWindow } from '../support/probe.js';
import { needs, requires } from '../support/requires.js';

const PAGE = capabilities().pageSize;
const PAGES = 16;
const BLOCK = 512;

describe('a window through which memory is supplied', () => {
  let window: SupplyWindow;

  before(function () {
    requires(this, needs.probe, needs.userfault);
  });
  beforeEach(() => {
    window = new (probe().SupplyWindow)(PAGES * PAGE);
  });

  const pagesThere = () => (fstatSync(window.fd).blocks * BLOCK) / PAGE;

  function bytesAt(page: number, count = 1): Uint8Array {
    const bytes = Buffer.alloc(count * PAGE);
    readSync(window.fd, bytes, 0, bytes.length, page * PAGE);
    return bytes;
  }

  it('puts pages into the object, and no others', () => {
    const bytes = Uint8Array.from({ length: 3 * PAGE }, (_, index) => index % 251);
    expect(window.place(2 * PAGE, bytes)).to.be.null;
    expect(pagesThere()).to.equal(3);
    expect(Buffer.compare(bytesAt(2, 3), bytes)).to.equal(0);
    expect(bytesAt(1)).to.deep.equal(Buffer.alloc(PAGE));
  });

  it('overwrites a page that somebody has made by reading the hole', () => {
    for (const page of [1, 3]) window.grow(page * PAGE);
    expect(pagesThere()).to.equal(2);
    expect(window.place(0, new Uint8Array(5 * PAGE).fill(7))).to.be.null;
    expect(Buffer.compare(bytesAt(0, 5), Buffer.alloc(5 * PAGE, 7))).to.equal(0);
  });

  it('turns pages back into holes, and fills them again', () => {
    window.place(0, new Uint8Array(4 * PAGE).fill(1));
    expect(window.drop(PAGE, 2 * PAGE)).to.be.null;
    expect(pagesThere()).to.equal(2);
    expect(window.place(PAGE, new Uint8Array(PAGE).fill(2))).to.be.null;
    expect([0, 1, 2, 3].map((page) => bytesAt(page)[0])).to.deep.equal([1, 2, 0, 1]);
  });

  it('returns an error if the bytes cannot be read', () => {
    expect(window.placeFromNowhere(0)?.code).to.equal(Code.Unsupported);
    expect(pagesThere()).to.equal(0);
  });

  it('never shows a part of a page, even while its source is being paged out', () => {
    const pageCount = 2000;
    const large = new (probe().SupplyWindow)(pageCount * PAGE);
    expect(large.contest(pageCount)).to.deep.equal({ whole: pageCount, torn: 0 });
  });
});
