import { expect } from 'chai';
import { constants } from 'node:buffer';
import { allocate, VMO_GRANT_R, type Region } from 'vmoffer';
import { objectBytes } from '../support/objects.js';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, isZeroed, PAGE } from '../support/pages.js';
import { thrownBy } from '../support/vmo-error.js';

const LARGE = 5 * 2 ** 30;
const PLACES = [0, 2 ** 31 - PAGE, 2 ** 32 - PAGE, 2 ** 32, LARGE - PAGE];
/** The longest possible view: the whole region from Node 22 on, 4 GiB before. */
const WIDEST = Math.min(LARGE, constants.MAX_LENGTH);

describe('a region of more than 4 GiB', () => {
  let region: Region;

  beforeEach(() => {
    region = allocate(LARGE);
  });

  afterEach(() => {
    region.release();
  });

  it('takes no memory before it is touched', () => {
    expect(region.byteLength).to.equal(LARGE);
    expect(objectBytes(region)).to.equal(0);
  });

  it('has one buffer, or, if it does not fit one, none and an error that says what to do', () => {
    if (WIDEST === LARGE) {
      expect(region.buffer.byteLength).to.equal(LARGE);
      return;
    }
    const { message } = thrownBy(() => region.buffer, 'ERR_VMO_INVALID_ARGUMENT');
    expect(message).to.include(String(constants.MAX_LENGTH)).and.to.include('view(');
    thrownBy(() => region.view(), 'ERR_VMO_INVALID_ARGUMENT');
  });

  it('has views anywhere, which show the same bytes where they overlap', () => {
    for (const place of PLACES) fillPages(region.view(place, PAGE), 5, place / PAGE);
    for (const place of PLACES) expectPages(region.view(place, PAGE), 5, place / PAGE);
    const wide = region.view(LARGE - WIDEST, WIDEST);
    expectPages(wide.subarray(-PAGE), 5, (LARGE - PAGE) / PAGE);
    expect(objectBytes(region)).to.equal(PLACES.length * PAGE);
  });

  it('can be claimed as a whole', () => {
    for (const place of PLACES) fillPages(region.view(place, PAGE), 5, place / PAGE);
    using claim = claimOwn(region, VMO_GRANT_R);
    expect(claim.byteLength).to.equal(LARGE);
    for (const place of PLACES) expectPages(claim.view(place, PAGE), 5, place / PAGE);
    expect(isZeroed(claim.view(2 ** 30, PAGE))).to.be.true;
  });

  it('detaches all its views at once', () => {
    const windows = PLACES.map((place) => region.view(place, PAGE));
    region.release();
    for (const window of windows) expect(window.byteLength).to.equal(0);
  });
});
