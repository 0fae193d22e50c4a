import { expect } from 'chai';
import { httpLength } from '#ts/supply/suppliers/http-length.js';
import { httpRange } from '#ts/supply/suppliers/http-range.js';
import { HttpServer } from '../support/http-server.js';
import { load } from '../support/supplies.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

const BYTES = 12_345;
const NAME = 'http://store.test/one.bin';

describe('httpLength', () => {
  let server: HttpServer;

  beforeEach(async () => {
    server = await HttpServer.start(BYTES);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  it('tells length and version, by one GET, so that the supplier is of that version', async () => {
    const { socketPath } = server;
    const { byteLength, etag } = await httpLength(new URL(NAME), { socketPath });
    expect({ byteLength, etag }).to.deep.equal({ byteLength: BYTES, etag: '"one"' });
    expect(server.asked.map(({ method, headers }) => [method, headers.range])).to.deep.equal([['GET', 'bytes=0-0']]);
    server.replace(BYTES, '"two"');
    const { message } = await rejectionOf(load(httpRange(NAME, { socketPath, etag: etag ?? '' })), 'ERR_VMO_SUPPLY');
    expect(message).to.include('is not the version that was wanted');
  });

  it('tells that an object is empty', async () => {
    server.replace(0, '"none"');
    const found = await httpLength(NAME, { socketPath: server.socketPath });
    expect(found).to.deep.equal({ byteLength: 0, etag: undefined });
  });

  it('has no ETag where versions are told apart by their time', async () => {
    server.answer = ({ response }) => {
      const headers = { 'Content-Range': `bytes 0-0/${BYTES}`, 'Last-Modified': 'Tue, 01 Sep 2020 10:00:00 GMT' };
      response.writeHead(206, headers).end('x');
    };
    const found = await httpLength(NAME, { socketPath: server.socketPath });
    expect(found).to.deep.equal({ byteLength: BYTES, etag: undefined });
  });

  it('rejects as the supplier does', async () => {
    server.answer = ({ response }) => {
      response.writeHead(404).end();
    };
    const { message } = await rejectionOf(httpLength(NAME, { socketPath: server.socketPath }), 'ERR_VMO_SUPPLY');
    expect(message).to.equal(`${NAME} answers 404 Not Found; check the URL`);
  });

  it('gives up when the signal says so', async () => {
    const controller = new AbortController();
    server.answer = () => {
      controller.abort('enough');
    };
    const asking = httpLength(NAME, { socketPath: server.socketPath, signal: controller.signal });
    expect(await asking.catch((reason: unknown) => reason)).to.equal('enough');
    await rejectionOf(httpLength(NAME, { signal: 7 as never }), 'ERR_VMO_INVALID_ARGUMENT');
  });
});

describe('the options of httpRange', () => {
  const misfits: [what: string, url: unknown, options: object, complaint: RegExp][] = [
    ['no URL', 'one.bin', {}, /^url must be an http or https URL, got 'one.bin'$/],
    ['a URL of another kind', 'ftp://host/x', {}, /^url must be an http or https URL/],
    [
      'a weak ETag',
      NAME,
      { etag: 'W/"one"' },
      /^etag must be a strong ETag with its quotes, such as '"5d8c72a5"', got /,
    ],
    ['an ETag without quotes', NAME, { etag: 'one' }, /httpLength\(\) finds it$/],
    ['no number', NAME, { retries: '5' }, /^retries must be an integer from 0 to \d+, got '5'$/],
    ['a negative number', NAME, { redirects: -1 }, /^redirects must be an integer from 0/],
    ['no connection', NAME, { connections: 0 }, /^connections must be an integer from 1 to 1024, got 0$/],
    ['no time', NAME, { silenceMs: 0 }, /^silenceMs must be an integer from 1/],
    ['no path', NAME, { socketPath: '' }, /^socketPath must be a string, got ''$/],
    ['no certificate', NAME, { ca: 7 }, /^ca must be a string, got 7$/],
    ['no headers', NAME, { headers: 'x: y' }, /^headers must be an object of strings, got 'x: y'$/],
    ['a header that is no string', NAME, { headers: { 'x-key': 7 } }, /^the header x-key must be a string$/],
    [
      'a header with a line break',
      NAME,
      { headers: { 'x-key': 'secret\r\nx: y' } },
      /^the header x-key is not one that HTTP/,
    ],
    ['a header without a name', NAME, { headers: { '': 'x' } }, /is not one that HTTP can carry/],
    ['a range of its own', NAME, { headers: { Range: 'bytes=0-1' } }, /^the header Range is the library's own to set/],
    ['a condition of its own', NAME, { headers: { 'If-None-Match': '*' } }, /library's own to set; leave it out$/],
    ['no object', NAME, null as never, /^options must be an object/],
  ];
  for (const [what, url, options, complaint] of misfits) {
    it(`are refused with ${what}`, () => {
      const { message } = thrownBy(() => httpRange(url as string, options), 'ERR_VMO_INVALID_ARGUMENT');
      expect(message).to.match(complaint).and.not.include('secret');
    });
  }

  it('are plain data, complete with their defaults', () => {
    expect(httpRange(NAME, { headers: { 'X-Key': '7' } }).options).to.deep.equal({
      url: NAME,
      headers: { 'x-key': '7' },
      etag: undefined,
      retries: 5,
      redirects: 5,
      connections: 16,
      silenceMs: 5000,
      socketPath: undefined,
      ca: undefined,
    });
  });
});
