import { expect } from 'chai';
import { delayOf } from '#ts/supply/suppliers/http/back-off.js';
import { parseContentRange } from '#ts/supply/suppliers/http/content-range.js';
import { nextHop, type Hop } from '#ts/supply/suppliers/http/hop.js';
import { isTransientStatus, parseRetryAfter } from '#ts/supply/suppliers/http/transient.js';
import { conditionsOf, differenceOf, isStrongEtag, validatorOf } from '#ts/supply/suppliers/http/validator.js';
import { thrownBy } from '../support/vmo-error.js';

const THEN = 'Tue, 01 Sep 2020 10:00:00 GMT';

describe('a Content-Range', () => {
  it('is read', () => {
    expect(parseContentRange('bytes 0-4095/8192')).to.deep.equal({ first: 0, last: 4095, total: 8192 });
    expect(parseContentRange('Bytes 5-5/*')).to.deep.equal({ first: 5, last: 5, total: undefined });
    expect(parseContentRange(' bytes */8192 ')).to.deep.equal({ first: undefined, last: undefined, total: 8192 });
  });

  it('equals nothing where a number cannot hold it', () => {
    expect(parseContentRange('bytes 0-1/99999999999999999999')?.total).to.be.NaN;
  });

  for (const text of [
    undefined,
    '',
    'bytes',
    'bytes 1-2',
    'bytes 1-/3',
    'bytes -1-2/3',
    'bytes 1-2/3/4',
    'items 1-2/3',
  ]) {
    it(`is not ${text === undefined ? 'missing' : `'${text}'`}`, () => {
      expect(parseContentRange(text)).to.be.undefined;
    });
  }
});

describe('a validator', () => {
  it('is a strong ETag', () => {
    for (const etag of ['"one"', '""', '"a!b~"', '"ä"']) {
      expect(isStrongEtag(etag), etag).to.be.true;
      expect(validatorOf({ etag, 'last-modified': THEN })).to.deep.equal({ etag });
    }
    for (const etag of ['one', 'W/"one"', '"one', '"o"ne"', '"o ne"', 'w/"one"', '', 7, undefined]) {
      expect(isStrongEtag(etag), String(etag)).to.be.false;
    }
  });

  it('is a Last-Modified that is a minute older than the answer', () => {
    const headers = (date?: string) => ({ 'last-modified': THEN, ...(date === undefined ? {} : { date }) });
    expect(validatorOf(headers('Tue, 01 Sep 2020 10:01:00 GMT'))).to.deep.equal({ lastModified: THEN });
    expect(validatorOf(headers('Tue, 01 Sep 2020 10:00:59 GMT'))).to.be.undefined;
    expect(validatorOf(headers('Tue, 01 Sep 2020 09:00:00 GMT'))).to.be.undefined;
    expect(validatorOf(headers('today'))).to.be.undefined;
    expect(validatorOf(headers())).to.be.undefined;
    expect(validatorOf({ date: THEN })).to.be.undefined;
  });

  it('becomes conditions, and tells an answer that differs', () => {
    const byTime = { lastModified: THEN };
    expect(conditionsOf(byTime)).to.deep.equal({ 'if-unmodified-since': THEN, 'if-range': THEN });
    expect(differenceOf(byTime, { 'last-modified': THEN, etag: 'W/"x"' })).to.be.undefined;
    expect(differenceOf(byTime, {})).to.equal(`Last-Modified is missing instead of ${THEN}`);
    expect(differenceOf({ etag: '"1"' }, { etag: '"2"', 'last-modified': THEN })).to.equal(
      'ETag is "2" instead of "1"',
    );
  });
});

describe('a redirect', () => {
  const hop = (url: string): Hop => ({ url: new URL(url), headers: { 'x-key': '7' } });

  it('may lead to an encrypted place, not away from one', () => {
    expect(nextHop(hop('http://a.test/x'), 'https://a.test/x').url.href).to.equal('https://a.test/x');
    const { message } = thrownBy(() => nextHop(hop('https://a.test/x?s'), 'http://a.test/y?s'), 'ERR_VMO_SUPPLY');
    expect(message).to.equal(
      'https://a.test/x redirects to http://a.test/y, which is not encrypted; give that URL if it may be so',
    );
  });

  it('takes the headers to the same origin alone', () => {
    expect(nextHop(hop('http://a.test/x'), '../y?z').headers).to.deep.equal({ 'x-key': '7' });
    for (const other of [
      'https://a.test/x',
      'http://b.test/x',
      'http://a.test:81/x',
      'http://sub.a.test/x',
      '//b.test/x',
    ]) {
      expect(nextHop(hop('http://a.test/x'), other).headers, other).to.deep.equal({});
    }
  });
});

describe('another try', () => {
  it('helps with some answers', () => {
    for (const status of [408, 425, 429, 500, 502, 503, 504, 507, 520, 599]) {
      expect(isTransientStatus(status), String(status)).to.be.true;
    }
    for (const status of [200, 400, 403, 404, 410, 412, 416, 501, 505]) {
      expect(isTransientStatus(status), String(status)).to.be.false;
    }
  });

  it('comes later and later, up to a limit, by less and less than that at random', () => {
    const longest = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((failures) => delayOf(failures, 0));
    expect(longest).to.deep.equal([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
    expect(delayOf(3, 1)).to.equal(200);
  });

  it('comes when Retry-After says', () => {
    const now = Date.parse(THEN);
    expect(parseRetryAfter('7', now)).to.equal(7000);
    expect(parseRetryAfter('Tue, 01 Sep 2020 10:00:09 GMT', now)).to.equal(9000);
    expect(parseRetryAfter('Tue, 01 Sep 2020 09:00:00 GMT', now)).to.equal(0);
    for (const text of [undefined, '', 'soon', '1.5x']) expect(parseRetryAfter(text, now), text).to.be.undefined;
  });
});
