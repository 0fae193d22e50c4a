import { expect } from 'chai';
import { httpRange } from '#ts/supply/suppliers/http-range.js';
import { HttpServer, type Asked } from '../support/http-server.js';
import { PAGE } from '../support/pages.js';
import { load, type Loaded } from '../support/supplies.js';
import { rejectionOf } from '../support/vmo-error.js';

const BYTES = 64 * PAGE;
const NAME = 'http://store.test/one.bin';

/** What a server may answer to a request for the second page, with the object's ETag unless it says otherwise. */
interface Answer {
  status?: number;
  headers?: Record<string, string | string[]>;
  body?: Buffer;
}

const RANGE = { 'Content-Range': `bytes ${PAGE}-${2 * PAGE - 1}/${BYTES}` };
const BODY = Buffer.alloc(PAGE, 7);

function give({ response }: Asked, { status = 206, headers = RANGE, body = BODY }: Answer): void {
  response.setHeader('ETag', '"one"');
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.writeHead(status).end(body);
}

describe('httpRange fails, and brings no mixture,', () => {
  let server: HttpServer;
  let object: Loaded;

  beforeEach(async () => {
    server = await HttpServer.start(BYTES);
    object = await load(httpRange(`${NAME}?signature=secret`, { socketPath: server.socketPath, retries: 0 }));
  });
  afterEach(async () => {
    await object[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  async function complaint(): Promise<string> {
    const { message } = await rejectionOf(object.fill(PAGE, PAGE), 'ERR_VMO_SUPPLY');
    expect(message).to.include(NAME).and.not.include('secret');
    return message;
  }

  describe('when the object changes:', () => {
    it('the server heeds If-Match', async () => {
      server.replace(BYTES, '"two"');
      expect(await complaint()).to.match(/is not the version that was wanted: the server answers 412; supply it anew/);
    });

    it('the server heeds If-Range alone', async () => {
      server.replace(BYTES, '"two"');
      server.answer = ({ headers, honestly }) => {
        delete headers['if-match'];
        honestly();
      };
      expect(await complaint()).to.match(/not the version that was wanted: ETag is "two" instead of "one"/);
    });

    it('the server heeds neither', async () => {
      server.replace(BYTES, '"two"');
      server.answer = ({ headers, honestly }) => {
        delete headers['if-match'];
        delete headers['if-range'];
        honestly();
      };
      expect(await complaint()).to.match(/not the version that was wanted: ETag is "two" instead of "one"/);
    });

    const answers: [what: string, answer: Answer, complaint: RegExp][] = [
      ['to a weak ETag', { headers: { ...RANGE, ETag: 'W/"one"' } }, /ETag is W\/"one" instead of "one"/],
      [
        'and keeps its ETag, but not its length',
        { headers: { 'Content-Range': `bytes ${PAGE}-${2 * PAGE - 1}/9999` } },
        /it has 9999 bytes, and had 262144/,
      ],
      [
        'to one of unknown length',
        { headers: { 'Content-Range': `bytes ${PAGE}-${2 * PAGE - 1}/*` } },
        /it has an unknown number of bytes/,
      ],
      [
        'to a shorter one',
        { status: 416, headers: { 'Content-Range': 'bytes */100' } },
        /it has no such range any more \(bytes \*\/100\)/,
      ],
    ];
    for (const [what, answer, expected] of answers) {
      it(what, async () => {
        server.answer = (asked) => {
          give(asked, answer);
        };
        expect(await complaint()).to.match(expected);
      });
    }

    it('and its ETag goes', async () => {
      server.answer = ({ response }) => {
        response.writeHead(206, RANGE).end(BODY);
      };
      expect(await complaint()).to.match(/ETag is missing instead of "one"/);
    });

    it('between a broken answer and the rest of it', async () => {
      await using patient = await load(httpRange(NAME, { socketPath: server.socketPath }));
      server.answer = ({ response, socket }) => {
        response.writeHead(206, { ETag: '"one"', 'Content-Length': PAGE, ...RANGE });
        response.write(BODY.subarray(0, 100), () => {
          server.replace(BYTES, '"two"');
          server.answer = (asked) => {
            asked.honestly();
          };
          socket.destroy();
        });
      };
      const { message } = await rejectionOf(patient.fill(PAGE, PAGE), 'ERR_VMO_SUPPLY');
      expect(message).to.include('the server answers 412');
      expect(server.asked.at(-1)?.headers.range).to.equal(`bytes=${PAGE + 100}-${2 * PAGE - 1}`);
    });
  });

  describe('when the server', () => {
    const other = `bytes 0-${PAGE - 1}/${BYTES}`;
    const answers: [what: string, answer: Answer, complaint: RegExp][] = [
      [
        'ignores the range',
        { status: 200, headers: {} },
        /is the whole object: the server does not answer ranges; use/,
      ],
      [
        'sends another range',
        { headers: { 'Content-Range': other } },
        /has the Content-Range 'bytes 0-4095\/262144', not 4096-8191/,
      ],
      [
        'sends a shorter range',
        { headers: { 'Content-Range': `bytes ${PAGE}-5000/${BYTES}` } },
        /has the Content-Range 'bytes 4096-5000/,
      ],
      ['does not say which range', { headers: {} }, /has no Content-Range, not 4096-8191/],
      [
        'says it in another unit',
        { headers: { 'Content-Range': `pages 1-1/64` } },
        /has the Content-Range 'pages 1-1\/64'/,
      ],
      ['says it in numbers that are none', { headers: { 'Content-Range': `bytes 4096-0x1fff/${BYTES}` } }, /0x1fff/],
      [
        'sends several parts',
        { headers: { 'Content-Type': 'multipart/byteranges; boundary=x' } },
        /has no Content-Range/,
      ],
      [
        'compresses',
        { headers: { ...RANGE, 'Content-Encoding': 'gzip' } },
        /has the Content-Encoding gzip; let the server send the bytes as they are/,
      ],
      ['sends fewer bytes than the range has', { body: BODY.subarray(1) }, /sends 1 bytes fewer than the range has/],
      [
        'sends more bytes than the range has',
        { body: Buffer.concat([BODY, BODY]) },
        /sends more bytes than the range has/,
      ],
      [
        'refuses',
        { status: 403, headers: {} },
        /answers 403 Forbidden; check the headers, and whether a signed URL is out of date/,
      ],
      ['asks who that is', { status: 401, headers: {} }, /answers 401 Unauthorized; check the headers/],
      ['has it no more', { status: 404, headers: {} }, /answers 404 Not Found; check the URL/],
      ['says that it has not changed', { status: 304, headers: {}, body: Buffer.alloc(0) }, /answers 304 Not Modified/],
      ['cannot do it', { status: 501, headers: {} }, /answers 501 Not Implemented/],
      ['is broken', { status: 500, headers: {} }, /answers 500 Internal Server Error, after 1 try$/],
      ['is overrun', { status: 429, headers: { 'Retry-After': '1' } }, /answers 429 Too Many Requests, after 1 try$/],
    ];
    for (const [what, answer, expected] of answers) {
      it(what, async () => {
        server.answer = (asked) => {
          give(asked, answer);
        };
        expect(await complaint()).to.match(expected);
        expect(server.asked).to.have.lengthOf(2);
      });
    }

    it('hangs up without an answer', async () => {
      server.answer = ({ socket }) => {
        socket.destroy();
      };
      expect(await complaint()).to.match(/cannot be reached: socket hang up, after 1 try$/);
    });

    it('hangs up after the head of its answer', async () => {
      server.answer = ({ response, socket }) => {
        response.writeHead(206, { ETag: '"one"', 'Content-Length': PAGE, ...RANGE }).flushHeaders();
        setImmediate(() => socket.destroy());
      };
      expect(await complaint()).to.match(/has broken off its answer, after 1 try$/);
    });

    it('says what is no HTTP', async () => {
      server.answer = ({ socket }) => {
        socket.end('220 ready\r\n');
      };
      expect(await complaint()).to.match(/cannot be reached: Parse Error/);
    });

    it('is silent, before its answer or in it', async () => {
      await using impatient = await load(httpRange(NAME, { socketPath: server.socketPath, retries: 0, silenceMs: 50 }));
      server.answer = () => undefined;
      const before = await rejectionOf(impatient.fill(PAGE, PAGE), 'ERR_VMO_SUPPLY');
      expect(before.message).to.include('is silent for 50 ms, after 1 try');
      server.answer = ({ response }) => {
        response.writeHead(206, { ETag: '"one"', 'Content-Length': PAGE, ...RANGE }).flushHeaders();
      };
      const within = await rejectionOf(impatient.fill(PAGE, PAGE), 'ERR_VMO_SUPPLY');
      expect(within.message).to.include('is silent for 50 ms, after 1 try');
    });
  });

  describe('at the start', () => {
    async function loadFailure(options: Parameters<typeof httpRange>[1] = {}): Promise<string> {
      const description = httpRange(NAME, { socketPath: server.socketPath, retries: 0, ...options });
      return (await rejectionOf(load(description), 'ERR_VMO_SUPPLY')).message;
    }

    it('when there is another version than the wanted one', async () => {
      expect(await loadFailure({ etag: '"two"' })).to.include(
        'is not the version that was wanted: the server answers 412',
      );
    });

    it('when the object is empty', async () => {
      server.replace(0, '"none"');
      expect(await loadFailure()).to.include(`the object ${NAME} is empty: there is nothing to supply`);
    });

    it('without a length', async () => {
      server.answer = (asked) => {
        give(asked, { headers: { 'Content-Range': 'bytes 0-0/*' } });
      };
      expect(await loadFailure()).to.include('does not say how long the object is');
    });

    const young = () => new Date().toUTCString();
    const weak: [what: string, headers: () => Record<string, string>, found: string][] = [
      ['no ETag', () => ({}), 'missing'],
      ['a weak ETag', () => ({ ETag: 'W/"one"' }), 'W/"one"'],
      ['an ETag without quotes', () => ({ ETag: 'one' }), 'one'],
      ['a Last-Modified of just now', () => ({ 'Last-Modified': young() }), 'missing'],
      ['a Last-Modified that is no date', () => ({ 'Last-Modified': 'long ago' }), 'missing'],
    ];
    for (const [what, headers, found] of weak) {
      it(`with ${what} alone to tell versions apart`, async () => {
        server.answer = ({ response }) => {
          response.writeHead(206, { ...headers(), 'Content-Range': `bytes 0-0/${BYTES}` }).end('x');
        };
        const message = await loadFailure();
        expect(message).to.include(`has no strong validator (its ETag is ${found})`);
        expect(message).to.include('let the server send a strong ETag, or copy the object to a file and use fileRange');
      });
    }

    it('when the server ignores the range, without reading all of its answer', async () => {
      server.answer = ({ response, honestly, headers }) => {
        delete headers.range;
        response.setHeader('X', '1');
        honestly();
      };
      expect(await loadFailure()).to.include('the server does not answer ranges');
    });
  });
});
