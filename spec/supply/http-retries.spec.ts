import { expect } from 'chai';
import { httpRange } from '#ts/supply/suppliers/http-range.js';
import { HttpServer, type Asked } from '../support/http-server.js';
import { PAGE } from '../support/pages.js';
import { contents, expectBytes, load } from '../support/supplies.js';
import { rejectionOf } from '../support/vmo-error.js';

const BYTES = 64 * PAGE;
const NAME = 'http://store.test/one.bin';

describe('httpRange tries again', () => {
  let server: HttpServer;
  const whole = contents(BYTES);
  const share = whole.subarray(PAGE, 3 * PAGE);

  beforeEach(async () => {
    server = await HttpServer.start(BYTES);
  });
  afterEach(() => server[Symbol.asyncDispose]());

  const cutBefore = ({ socket }: Asked) => {
    socket.destroy();
  };
  const cutWithin = ({ response, socket }: Asked) => {
    response.writeHead(206, {
      ETag: '"one"',
      'Content-Length': 2 * PAGE,
      'Content-Range': `bytes ${PAGE}-${3 * PAGE - 1}/${BYTES}`,
    });
    response.write(share.subarray(0, 100), () => socket.destroy());
  };
  const say = (status: number) => {
    return ({ response }: Asked) => {
      response.writeHead(status).end('an explanation, which is no part of the object');
    };
  };

  for (const [what, fail] of [
    ['the server hangs up', cutBefore],
    ['the server hangs up in the middle of its answer', cutWithin],
    ...[408, 429, 500, 502, 503, 504, 599].map((status) => [`the server answers ${status}`, say(status)] as const),
  ] as const) {
    it(`when ${what}, for a fill and at the start`, async () => {
      server.answer = (asked, number) => {
        if (number % 2 === 0 && (number > 0 || fail !== cutWithin)) fail(asked);
        else asked.honestly();
      };
      await using object = await load(httpRange(NAME, { socketPath: server.socketPath }));
      if (server.asked.length % 2 === 1) await object.fill(0, PAGE);
      expectBytes(await object.fill(PAGE, 2 * PAGE), share);
    });
  }

  it('and goes on where a broken answer has ended', async () => {
    await using object = await load(httpRange(NAME, { socketPath: server.socketPath }));
    server.answer = (asked, number) => {
      if (number === 1) cutWithin(asked);
      else asked.honestly();
    };
    expectBytes(await object.fill(PAGE, 2 * PAGE), share);
    expect(server.asked.map(({ headers }) => headers.range)).to.deep.equal([
      'bytes=0-0',
      `bytes=${PAGE}-${3 * PAGE - 1}`,
      `bytes=${PAGE + 100}-${3 * PAGE - 1}`,
    ]);
  });

  it('as often as it may without a byte, and counts anew after each', async () => {
    await using object = await load(httpRange(NAME, { socketPath: server.socketPath, retries: 1 }));
    server.answer = (asked, number) => {
      const [, first = 0] = /=(\d+)-/.exec(asked.headers.range ?? '')?.map(Number) ?? [];
      if (number % 2 === 1) {
        cutBefore(asked);
        return;
      }
      asked.response.writeHead(206, {
        ETag: '"one"',
        'Content-Length': 3 * PAGE - first,
        'Content-Range': `bytes ${first}-${3 * PAGE - 1}/${BYTES}`,
      });
      const end = Math.min(first + PAGE / 2, 3 * PAGE);
      asked.response.write(whole.subarray(first, end), () => {
        if (end === 3 * PAGE) asked.response.end();
        else asked.socket.destroy();
      });
    };
    expectBytes(await object.fill(PAGE, 2 * PAGE), share);
    server.answer = cutBefore;
    const { message, cause } = await rejectionOf(object.fill(PAGE, PAGE), 'ERR_VMO_SUPPLY');
    expect(message).to.match(/socket hang up, after 2 tries$/);
    expect(cause).to.include({ code: 'ECONNRESET' });
  });

  it('no sooner than Retry-After says', async () => {
    await using object = await load(httpRange(NAME, { socketPath: server.socketPath }));
    let refusedAt = 0;
    server.answer = (asked, number) => {
      if (number > 1) {
        asked.honestly();
      } else {
        refusedAt = performance.now();
        asked.response.writeHead(503, { 'Retry-After': '1' }).end();
      }
    };
    await object.fill(PAGE, PAGE);
    expect(performance.now() - refusedAt).to.be.at.least(999);
  });

  it('not at all if Retry-After says that it is long', async () => {
    await using object = await load(httpRange(NAME, { socketPath: server.socketPath }));
    server.answer = ({ response }) => {
      response.writeHead(429, { 'Retry-After': '3600' }).end();
    };
    const { message } = await rejectionOf(object.fill(PAGE, PAGE), 'ERR_VMO_SUPPLY');
    expect(message).to.include(
      'answers 429 Too Many Requests, and asks to be tried again in 3600 s, which is too late',
    );
    expect(server.asked).to.have.lengthOf(2);
  });

  it('at once when the server has closed a connection that was kept', async () => {
    await using object = await load(httpRange(NAME, { socketPath: server.socketPath, retries: 1 }));
    for (let round = 0; round < 5; round++) {
      await object.fill(0, PAGE);
      server.asked.at(-1)?.socket.destroy();
    }
    expectBytes(await object.fill(PAGE, 2 * PAGE), share);
  });
});
