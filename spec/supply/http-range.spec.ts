import { expect } from 'chai';
import { httpRange } from '#ts/supply/suppliers/http-range.js';
import { HttpServer, requireLoopback } from '../support/http-server.js';
import { PAGE } from '../support/pages.js';
import { contents, expectBytes, load, Wanted } from '../support/supplies.js';
import { rejectionOf } from '../support/vmo-error.js';

const MIB = 1 << 20;
const BYTES = 3 * MIB + 5;
const URL_OF_IT = 'http://store.test/models/one.bin';

describe('httpRange', () => {
  let server: HttpServer;
  const whole = contents(BYTES);

  beforeEach(async () => {
    server = await HttpServer.start(BYTES);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  function describeIt(options: Parameters<typeof httpRange>[1] = {}) {
    return httpRange(URL_OF_IT, { socketPath: server.socketPath, ...options });
  }

  it('brings any range, several at once, each in one request', async () => {
    await using object = await load(describeIt());
    const ranges = [
      [0, PAGE],
      [MIB, MIB],
      [MIB - PAGE, 2 * MIB],
    ] as const;
    const found = await Promise.all(ranges.map(([at, byteLength]) => object.run(new Wanted(at, byteLength))));
    for (const { offset, byteLength, into } of found) expectBytes(into, whole.subarray(offset, offset + byteLength));
    for (const { progressCount } of found) expect(progressCount).to.be.greaterThan(0);
    expect(server.asked.map(({ headers }) => headers.range).sort()).to.deep.equal(
      ['bytes=0-0', ...ranges.map(([at, byteLength]) => `bytes=${at}-${at + byteLength - 1}`)].sort(),
    );
  });

  it('asks for the version that it has found, for the bytes as they are', async () => {
    await using object = await load(describeIt());
    await object.fill(0, PAGE);
    const [first, second] = server.asked.map(({ headers }) => headers);
    for (const headers of [first, second]) expect(headers).to.include({ 'accept-encoding': 'identity' });
    expect(first).to.not.have.any.keys('if-match', 'if-range');
    expect(second).to.include({ 'if-match': '"one"', 'if-range': '"one"' });
  });

  it('asks for the version that is wanted, from the start', async () => {
    await using object = await load(describeIt({ etag: '"one"' }));
    expectBytes(await object.fill(0, PAGE), whole.subarray(0, PAGE));
    for (const { headers } of server.asked) expect(headers).to.include({ 'if-match': '"one"', 'if-range': '"one"' });
  });

  it('goes by Last-Modified where there is no strong ETag and the time is long past', async () => {
    const lastModified = 'Tue, 01 Sep 2020 10:00:00 GMT';
    server.etag = 'W/"one"';
    server.answer = ({ response, honestly }) => {
      response.setHeader('Last-Modified', lastModified);
      honestly();
    };
    await using object = await load(describeIt());
    expect(server.asked[0]?.headers).to.not.have.any.keys('if-unmodified-since', 'if-range');
    // This server knows no such conditions: it would say 200 to If-Range.
    server.answer = ({ response, headers, honestly }) => {
      expect(headers).to.include({ 'if-unmodified-since': lastModified, 'if-range': lastModified });
      response.setHeader('Last-Modified', lastModified);
      delete headers['if-range'];
      honestly();
    };
    expectBytes(await object.fill(MIB, PAGE), whole.subarray(MIB, MIB + PAGE));
  });

  it('fills the rest of the last page with zeros, and nothing beyond it', async () => {
    const most = 3 * MIB + PAGE;
    await using object = await load(describeIt(), { byteLength: most });
    const last = await object.fill(3 * MIB, PAGE);
    expectBytes(last, Buffer.concat([whole.subarray(3 * MIB), Buffer.alloc(PAGE - 5)]));
    expect(server.asked.at(-1)?.headers.range).to.equal(`bytes=${3 * MIB}-${BYTES - 1}`);
    await rejectionOf(object.fill(3 * MIB, 2 * PAGE), 'ERR_VMO_SUPPLY');
  });

  it('refuses memory for which the object is too short', async () => {
    const { message } = await rejectionOf(load(describeIt(), { byteLength: 4 * MIB }), 'ERR_VMO_INVALID_ARGUMENT');
    expect(message).to.include(`has ${BYTES} bytes, too few for the ${4 * MIB} that are to be supplied`);
  });

  it('sends the headers and the user of the URL with every request', async () => {
    const url = new URL('http://ann:secret@store.test/x');
    await using object = await load(httpRange(url, { socketPath: server.socketPath, headers: { 'X-Key': '7' } }));
    await object.fill(0, PAGE);
    const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`;
    for (const { headers } of server.asked) expect(headers).to.include({ 'x-key': '7', authorization });
  });

  it('uses a signed URL as it is, and asks for nothing but GET', async () => {
    const signed = 'http://bucket.s3.test/a%20b/c?X-Amz-Signature=abc%2Fdef&X-Amz-Expires=900';
    await using object = await load(httpRange(signed, { socketPath: server.socketPath }));
    await object.fill(0, PAGE);
    for (const { method, url } of server.asked) expect([method, url]).to.deep.equal(['GET', signed]);
  });

  it('keeps its connections, no more than it may', async () => {
    await using object = await load(describeIt({ connections: 2 }));
    for (let round = 0; round < 3; round++) {
      await Promise.all([0, 1, 2, 3, 4].map((page) => object.fill(page * PAGE, PAGE)));
    }
    expect(server.connectionCount).to.be.at.most(2);
    expect(server.asked).to.have.lengthOf(16);
  });

  it('reads an answer in chunks, which says no length', async () => {
    await using object = await load(describeIt());
    server.answer = ({ response }) => {
      response.writeHead(206, { ETag: '"one"', 'Content-Range': `bytes 0-${PAGE - 1}/${BYTES}` });
      response.write(whole.subarray(0, 100));
      response.end(whole.subarray(100, PAGE));
    };
    expectBytes(await object.fill(0, PAGE), whole.subarray(0, PAGE));
  });

  describe('heeds the signal', () => {
    it('before it asks', async () => {
      await using object = await load(describeIt());
      const outcome = object.fill(0, PAGE, AbortSignal.abort('too late')).catch((reason: unknown) => reason);
      expect(await outcome).to.equal('too late');
      expect(server.asked).to.have.lengthOf(1);
    });

    it('while the server is silent, and closes the connection', async () => {
      await using object = await load(describeIt());
      const controller = new AbortController();
      const closed = new Promise((resolve) => {
        server.answer = ({ socket }) => {
          socket.on('close', resolve);
          controller.abort('enough');
        };
      });
      expect(await object.fill(0, PAGE, controller.signal).catch((reason: unknown) => reason)).to.equal('enough');
      await closed;
    });

    it('in the middle of an answer, and writes nothing after that', async () => {
      await using object = await load(describeIt());
      const controller = new AbortController();
      const wanted = new Wanted(0, 2 * MIB, controller.signal);
      let written = -1;
      wanted.progress = () => {
        controller.abort('enough');
        written = wanted.into.indexOf(0xee);
        wanted.into.fill(0xdd);
      };
      expect(await object.run(wanted).catch((reason: unknown) => reason)).to.equal('enough');
      expect(written).to.be.greaterThan(0);
      await object[Symbol.asyncDispose]();
      expect(wanted.into.every((byte) => byte === 0xdd)).to.be.true;
    });

    it('while it waits for another try', async () => {
      await using object = await load(describeIt());
      const controller = new AbortController();
      server.answer = ({ response }) => {
        response.writeHead(503, { 'Retry-After': 20 }).end();
        response.on('finish', () =>
          setImmediate(() => {
            controller.abort('enough');
          }),
        );
      };
      expect(await object.fill(0, PAGE, controller.signal).catch((reason: unknown) => reason)).to.equal('enough');
    });
  });

  it('ends what is under way when it is disposed of, and asks no more', async () => {
    await using object = await load(describeIt());
    const asked = new Promise<void>((resolve) => {
      server.answer = () => {
        resolve();
      };
    });
    const filling = rejectionOf(object.fill(0, PAGE), 'ERR_VMO_SUPPLY');
    await asked;
    await object[Symbol.asyncDispose]();
    expect((await filling).message).to.include('has been disposed of');
    await rejectionOf(object.fill(0, PAGE), 'ERR_VMO_SUPPLY');
    expect(server.asked).to.have.lengthOf(2);
  });

  describe('over the network', () => {
    before(function () {
      requireLoopback(this);
    });

    it('brings the same', async () => {
      await using other = await HttpServer.startOnNetwork(BYTES);
      await using object = await load(httpRange(`${other.origin}/x`));
      expectBytes(await object.fill(MIB, 2 * MIB), whole.subarray(MIB, 3 * MIB));
    });

    it('says so when nobody listens', async () => {
      const other = await HttpServer.startOnNetwork(BYTES);
      const { origin } = other;
      await other[Symbol.asyncDispose]();
      const { message } = await rejectionOf(
        load(httpRange(`${origin}/x?key=secret`, { retries: 1 })),
        'ERR_VMO_SUPPLY',
      );
      expect(message).to.match(/^http:\/\/127.0.0.1:\d+\/x cannot be reached: .*ECONNREFUSED.*, after 2 tries$/);
    });
  });
});
