import { expect } from 'chai';
import { once } from 'node:events';
import { copyFileSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createHttpsServer, request } from 'node:https';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { DirectEngine } from '#cluster/engine/direct/direct-engine.js';
import type { DirectOptions, DirectTls } from '#cluster/engine/direct/options.js';
import type { DirectAddress, Engine } from '#cluster/engine/engine.js';
import { MemoryHub } from '#cluster/engine/memory/memory-hub.js';
import { requireLoopback } from '../../support/http-server.js';
import { Authority, type Signed } from '../support/certificates.js';
import { Counted } from '../support/direct-world.js';
import { freePorts } from '../support/nats-server.js';
import { makeRecord } from '../support/records.js';
import { deferred, errorOf, numbered, reasonOf, soon, Watcher } from './contract.js';

const BYTES = numbered(300_000);
const RANGE = { offset: 1000, byteLength: 262_144 };
const EXPECTED = BYTES.subarray(RANGE.offset, RANGE.offset + RANGE.byteLength);

describe('reading directly, when something is wrong', function () {
  this.timeout(20_000);
  let authority: Authority;
  let strangers: Authority;
  const ending: (() => unknown)[] = [];

  before(function () {
    requireLoopback(this);
    authority = new Authority('peers');
    strangers = new Authority('strangers');
  });
  afterEach(async () => {
    for (const end of ending.splice(0).reverse()) await end();
  });
  after(() => {
    for (const made of [authority, strangers] as (Authority | undefined)[]) made?.[Symbol.dispose]();
  });

  const start = async (inner: Engine, options: DirectOptions, counted = new Counted()) => {
    const engine = await DirectEngine.start(inner, options, counted);
    ending.push(() => engine.close());
    return engine;
  };

  /** A reader `b` that has been told to read `object` of `a` there. By way of the engine `a` has other bytes: all of them. */
  const readerOf = async (direct: DirectAddress, tls: DirectTls = authority.signPeer('b')) => {
    const hub = new MemoryHub();
    const counted = new Counted();
    const holder = hub.connect('a');
    const reader = await start(hub.connect('b'), { tls }, counted);
    await holder.serve('object', 'b', ({ offset, byteLength }) => BYTES.subarray(offset, offset + byteLength));
    const { record } = await holder.announce(makeRecord('a', 'b', { object: 'object', direct }));
    const watcher = new Watcher(reader);
    ending.push(() => watcher.end());
    await watcher.sees(({ name }) => name.id === record.id);
    return { read: (signal = soon()) => reader.read('a', 'object', RANGE, signal), counted };
  };

  const expectFallback = async (direct: DirectAddress, why: RegExp, tls?: DirectTls) => {
    const { read, counted } = await readerOf(direct, tls);
    expect(Buffer.compare(await read(), EXPECTED)).to.equal(0);
    expect(counted.direct).to.equal(0);
    expect(counted.failures).to.have.length(1);
    expect(counted.failures[0]).to.match(why);
    await read();
    expect(counted.failures).to.have.length(1); // it is not tried again at once
  };

  const listening = async (server: Server): Promise<DirectAddress> => {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => sockets.add(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ending.push(async () => {
      for (const socket of sockets) socket.destroy();
      await once(server.close(), 'close');
    });
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  };

  /** A server that shows this certificate, and answers so. */
  const https = (files: Signed, answer: (response: ServerResponse, request: IncomingMessage) => void) => {
    const options = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
    const server = createHttpsServer(options, (asked, response) => {
      answer(response, asked);
    });
    return listening(server);
  };

  const whole = (response: ServerResponse) => {
    response.writeHead(206, { 'content-length': RANGE.byteLength }).end(EXPECTED);
  };

  it('reads there if nothing is', async () => {
    const { read, counted } = await readerOf(await https(authority.signPeer('a'), whole));
    expect(Buffer.compare(await read(), EXPECTED)).to.equal(0);
    expect(counted).to.deep.include({ direct: 1, failures: [] });
  });

  describe('falls back to the engine where', () => {
    it('nobody listens', async () => {
      const [port = 0] = await freePorts(1);
      await expectFallback({ host: '127.0.0.1', port }, /ECONNREFUSED/);
    });

    it('there is no such host', async () => {
      await expectFallback({ host: 'nowhere.invalid', port: 1 }, /ENOTFOUND|EAI_AGAIN/);
    });

    it('a stranger has signed the certificate of the server', async () => {
      await expectFallback(await https(strangers.signPeer('a'), whole), /unable to verify|self.signed/i);
    });

    it('the server has the certificate of another peer', async () => {
      await expectFallback(await https(authority.signPeer('c'), whole), /names c, not a/);
    });

    it('the server has a certificate that names no peer', async () => {
      await expectFallback(await https(authority.sign('localhost'), whole), /names no peer, not a/);
    });

    it('the certificate of the server has expired', async () => {
      await expectFallback(await https(authority.signPeer('a', { file: 'a-old', days: -1 }), whole), /expired/);
    });

    it('the server does not speak TLS', async () => {
      const server = createServer((socket) => socket.on('error', () => undefined).end('HTTP/1.1 206 \r\n\r\n'));
      await expectFallback(await listening(server), /SSL|packet length|wrong version/i);
    });

    it('the server accepts, and says nothing', async () => {
      const server = createServer((socket) => void socket.on('error', () => undefined));
      await expectFallback(await listening(server), /no connection came about in time/);
    });

    it('the server shakes hands, and says nothing', async () => {
      await expectFallback(await https(authority.signPeer('a'), () => undefined), /fallen silent/);
    });

    it('the server falls silent in the middle', async () => {
      const half = (response: ServerResponse) => {
        response.writeHead(206, { 'content-length': RANGE.byteLength }).write(EXPECTED.subarray(0, 100_000));
      };
      await expectFallback(await https(authority.signPeer('a'), half), /fallen silent/);
    });

    it('the connection ends in the middle', async () => {
      const half = (response: ServerResponse) => {
        response.writeHead(206, { 'content-length': RANGE.byteLength });
        response.write(EXPECTED.subarray(0, 100_000), () => response.destroy());
      };
      await expectFallback(await https(authority.signPeer('a'), half), /aborted|ECONNRESET|hang up/);
    });

    it('fewer bytes are announced', async () => {
      const short = (response: ServerResponse) =>
        response.writeHead(206, { 'content-length': 10 }).end(BYTES.subarray(0, 10));
      await expectFallback(await https(authority.signPeer('a'), short), /answered 206 with 10 bytes/);
    });

    it('more bytes are announced', async () => {
      const long = (response: ServerResponse) =>
        response.writeHead(206, { 'content-length': BYTES.byteLength }).end(BYTES);
      await expectFallback(await https(authority.signPeer('a'), long), /answered 206 with 300000 bytes/);
    });

    it('it is not said how many bytes there are', async () => {
      const chunked = (response: ServerResponse) => response.writeHead(206).end(BYTES);
      await expectFallback(await https(authority.signPeer('a'), chunked), /answered 206 with some bytes/);
    });

    it('the bytes are counted in two ways', async () => {
      const both = (_: ServerResponse, { socket }: IncomingMessage) => {
        const head = `HTTP/1.1 206 \r\ncontent-length: ${RANGE.byteLength}\r\ntransfer-encoding: chunked\r\n\r\n`;
        const chunk = `${(RANGE.byteLength + 1000).toString(16)}\r\n`;
        socket.write(
          Buffer.concat([Buffer.from(head + chunk), EXPECTED, numbered(1000), Buffer.from('\r\n0\r\n\r\n')]),
        );
      };
      await expectFallback(await https(authority.signPeer('a'), both), /parse|answered/i);
    });

    it('the server sends the reader elsewhere, or has failed', async () => {
      const elsewhere = (response: ServerResponse) => response.writeHead(302, { location: 'https://example/' }).end();
      await expectFallback(await https(authority.signPeer('a'), elsewhere), /answered 302/);
      const failed = (response: ServerResponse) => response.writeHead(500).end();
      await expectFallback(await https(authority.signPeer('a'), failed), /answered 500/);
    });
  });

  it('gives no byte beyond what was asked for, if the server sends more', async () => {
    const more = (_: ServerResponse, { socket }: IncomingMessage) => {
      const head = `HTTP/1.1 206 \r\ncontent-length: ${RANGE.byteLength}\r\n\r\n`;
      socket.write(Buffer.concat([Buffer.from(head), EXPECTED, numbered(1000)]));
    };
    const { read } = await readerOf(await https(authority.signPeer('a'), more));
    for (let again = 0; again < 3; again++) expect(Buffer.compare(await read(), EXPECTED)).to.equal(0);
  });

  it('asks again by way of the engine where the holder does not let it be had, and is told so there', async () => {
    for (const status of [403, 404]) {
      const denied = (response: ServerResponse) => response.writeHead(status, { 'content-length': 0 }).end();
      const { read, counted } = await readerOf(await https(authority.signPeer('a'), denied));
      expect(Buffer.compare(await read(), EXPECTED)).to.equal(0);
      expect(counted).to.deep.include({ direct: 0, failures: [] });
    }
  });

  it('waits for a holder that is slow and gives a sign of life', async () => {
    const slow = async (response: ServerResponse) => {
      for (let sign = 0; sign < 6; sign++) {
        response.writeProcessing();
        await new Promise((resolve) => setTimeout(resolve, 500));
      }
      whole(response);
    };
    const { read, counted } = await readerOf(await https(authority.signPeer('a'), (response) => void slow(response)));
    expect(Buffer.compare(await read(), EXPECTED)).to.equal(0);
    expect(counted).to.deep.include({ direct: 1, failures: [] });
  });

  it('does not wait for a connection that others have for ever', async () => {
    let isAsked = 0;
    const all = deferred();
    const never = (response: ServerResponse) => {
      const signs = setInterval(() => {
        response.writeProcessing();
      }, 500);
      response.once('close', () => {
        clearInterval(signs);
      });
      if (++isAsked === 16) all.resolve();
    };
    const { read, counted } = await readerOf(await https(authority.signPeer('a'), never));
    const enough = new AbortController();
    const waiting = Array.from({ length: 16 }, () => errorOf(read(enough.signal)));
    await all.promise;
    expect(Buffer.compare(await read(), EXPECTED)).to.equal(0);
    expect(counted).to.deep.include({ direct: 0, failures: ['no connection came about in time'] });
    const reason = new Error('enough');
    enough.abort(reason);
    expect(new Set(await Promise.all(waiting))).to.deep.equal(new Set([reason]));
  });

  it('does not believe a connection to one holder of another', async () => {
    const hub = new MemoryHub();
    const counted = new Counted();
    const direct = await https(authority.signPeer('a'), whole);
    const reader = await start(hub.connect('b'), { tls: authority.signPeer('b') }, counted);
    const watcher = new Watcher(reader);
    ending.push(() => watcher.end());
    for (const name of ['a', 'c']) {
      const holder = hub.connect(name);
      await holder.serve('object', 'b', ({ byteLength }) => new Uint8Array(byteLength).fill(7));
      const { record } = await holder.announce(makeRecord(name, 'b', { object: 'object', direct }));
      await watcher.sees((change) => change.name.id === record.id);
    }
    expect(Buffer.compare(await reader.read('a', 'object', RANGE, soon()), EXPECTED)).to.equal(0);
    expect((await reader.read('c', 'object', RANGE, soon()))[0]).to.equal(7);
    expect(counted.failures).to.have.length(1);
    expect(counted.failures[0]).to.match(/names a, not c/);
  });

  describe('as the holder', () => {
    const holder = async (tls: DirectTls = authority.signPeer('a')) => {
      const hub = new MemoryHub();
      const inner = hub.connect('a');
      const engine = await start(inner, { tls, listen: { host: '127.0.0.1', port: 0 } });
      const answer = ({ offset, byteLength }: { offset: number; byteLength: number }) => {
        if (offset === 7) throw new Error('it is not claimed');
        return BYTES.subarray(offset, offset + byteLength);
      };
      const service = await engine.serve('object', 'b', answer);
      return { engine, inner, service, port: engine.direct?.port ?? 0 };
    };

    interface Asking {
      files?: Signed;
      path?: string;
      method?: string;
      headers?: Record<string, string>;
      body?: string;
    }

    /** The status, with the bytes, or why there is none. */
    const ask = (port: number, { files, path = '/object', method = 'GET', headers = {}, body = '' }: Asking) =>
      new Promise<string>((resolve) => {
        const certificate = files && { cert: readFileSync(files.cert), key: readFileSync(files.key) };
        const options = {
          host: '127.0.0.1',
          port,
          path,
          method,
          agent: false,
          rejectUnauthorized: false,
          ...certificate,
        };
        const asked = request({ ...options, headers: { range: 'bytes=0-3', ...headers } }, (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('end', () => {
            resolve(`${response.statusCode} ${Buffer.concat(pieces).toString('hex')}`);
          });
        });
        asked.on('error', ({ message }) => {
          resolve(message);
        });
        asked.end(body);
      });

    it('answers the reader whom the certificate names', async () => {
      const { port } = await holder();
      expect(await ask(port, { files: authority.signPeer('b') })).to.equal('206 00010203');
    });

    it('has nothing for other peers', async () => {
      const { port } = await holder();
      expect(await ask(port, { files: authority.signPeer('c') })).to.equal('404 ');
    });

    for (const [who, files] of [
      ['who shows no certificate', () => undefined],
      ['whose certificate a stranger has signed', () => strangers.signPeer('b')],
      ['whose certificate has expired', () => authority.signPeer('b', { file: 'b-old', days: -1 })],
      ['whose certificate names no peer', () => authority.sign('b-nobody')],
      ['whose certificate names two', () => authority.sign('b-two', { also: ['URI:vmoffer:b', 'URI:vmoffer:c'] })],
    ] as const) {
      it(`does not talk to one ${who}`, async () => {
        const { port } = await holder();
        const shown = files();
        expect(await ask(port, shown ? { files: shown } : {})).to.match(/alert|ECONNRESET|EPIPE|hang up|disconnected/);
      });
    }

    for (const [what, asking] of [
      ['another object', { path: '/other' }],
      ['another path', { path: '/object/' }],
      ['another method', { method: 'DELETE' }],
      ['a range that is too long', { headers: { range: 'bytes=0-1048576' } }],
      ['a range that ends before it begins', { headers: { range: 'bytes=4-3' } }],
      ['several ranges', { headers: { range: 'bytes=0-1,2-3' } }],
      ['a request with a body', { method: 'GET', headers: { 'content-length': '4' }, body: 'body' }],
    ] as const) {
      it(`has nothing for ${what}`, async () => {
        const { port } = await holder();
        expect(await ask(port, { files: authority.signPeer('b'), ...asking })).to.equal('404 ');
      });
    }

    it('does not read long headers', async () => {
      const { port } = await holder();
      const asking = { files: authority.signPeer('b'), headers: { cookie: 'x'.repeat(5000) } };
      expect(await ask(port, asking)).to.match(/^431 |ECONNRESET|EPIPE|hang up/);
    });

    it('does not say why it refuses', async () => {
      const { port } = await holder();
      expect(await ask(port, { files: authority.signPeer('b'), headers: { range: 'bytes=7-9' } })).to.equal('403 ');
      expect(await ask(port, { files: authority.signPeer('b'), headers: { range: 'bytes=299999-300001' } })).to.equal(
        '403 ',
      );
    });

    it('has nothing when the service is closed', async () => {
      const { port, service } = await holder();
      await service.close();
      expect(await ask(port, { files: authority.signPeer('b') })).to.equal('404 ');
    });

    const connected = async (port: number, files: Signed): Promise<TLSSocket> => {
      const options = { cert: readFileSync(files.cert), key: readFileSync(files.key), rejectUnauthorized: false };
      const socket = connect({ host: '127.0.0.1', port, ...options });
      socket.on('error', () => undefined);
      ending.push(() => socket.destroy());
      await once(socket, 'secureConnect');
      return socket;
    };
    const closed = async (socket: Socket) => {
      if (!socket.closed) await once(socket.resume(), 'close');
    };

    it('ends a connection that asks for much before it takes what it asked for', async () => {
      const { port, engine } = await holder();
      await engine.serve('slow', 'b', () => new Promise(() => undefined));
      const socket = await connected(port, authority.signPeer('b'));
      socket.write('GET /slow HTTP/1.1\r\nhost: a\r\nrange: bytes=0-3\r\n\r\n'.repeat(10));
      await closed(socket);
    });

    it('ends a connection that does not say what it wants', async () => {
      const { port } = await holder();
      const socket = await connected(port, authority.signPeer('b'));
      socket.write('GET /object HTTP/1.1\r\n');
      await closed(socket);
    });

    it('gives one peer no more than its connections', async () => {
      const { port } = await holder();
      const files = authority.signPeer('c');
      const sockets = await Promise.all(Array.from({ length: 40 }, () => connected(port, files)));
      let isOpen = sockets.length;
      const fewer = deferred();
      for (const socket of sockets) {
        void closed(socket).then(() => {
          if (--isOpen === 32) fewer.resolve();
        });
      }
      await fewer.promise;
      expect(await ask(port, { files })).to.match(/ECONNRESET|EPIPE|hang up|disconnected/);
      expect(await ask(port, { files: authority.signPeer('b') })).to.equal('206 00010203');
    });

    it('shows a certificate that was renewed to the next who connect, and believes an authority that was', async () => {
      const [cert, key, ca] = ['served.pem', 'served.key', 'served-ca.pem'].map(
        (name) => `${authority.folder}/${name}`,
      );
      const files = { cert, key, ca } as DirectTls;
      const renew = ({ cert: newCert, key: newKey, ca: newCa }: DirectTls) => {
        copyFileSync(newCert, files.cert);
        copyFileSync(newKey, files.key);
        copyFileSync(newCa, files.ca);
      };
      renew(strangers.signPeer('a'));
      const { port } = await holder(files);
      const direct = { host: '127.0.0.1', port };
      expect(await ask(port, { files: authority.signPeer('b') })).to.match(/alert|ECONNRESET|EPIPE|hang up/);
      await expectFallback(direct, /unable to verify|self.signed/i);
      renew(authority.signPeer('a'));
      expect(await ask(port, { files: authority.signPeer('b') })).to.equal('206 00010203');
      const { read, counted } = await readerOf(direct);
      await read();
      expect(counted).to.deep.include({ direct: 1, failures: [] });
    });

    it('keeps its certificate while the files are being changed', async () => {
      const tls = authority.signPeer('a', { file: 'a-changing' });
      const { port } = await holder(tls);
      copyFileSync(tls.ca, tls.key);
      expect(await ask(port, { files: authority.signPeer('b') })).to.equal('206 00010203');
    });

    it('ends all connections with the engine', async () => {
      const { port, engine } = await holder();
      const sockets = [await connected(port, authority.signPeer('b')), await connected(port, authority.signPeer('c'))];
      const ended = Promise.all(sockets.map(closed));
      await engine.close();
      await ended;
      expect(await ask(port, { files: authority.signPeer('b') })).to.match(/ECONNREFUSED/);
    });

    it('ends all connections when the connection of the engine inside ends', async () => {
      const { port, engine, inner } = await holder();
      const socket = await connected(port, authority.signPeer('b'));
      const ended = closed(socket);
      await inner.close();
      await ended;
      expect(await engine.closed).to.equal(undefined);
      expect(await ask(port, { files: authority.signPeer('b') })).to.match(/ECONNREFUSED/);
    });

    it('says where it could not listen, and which files it could not read', async () => {
      const { port } = await holder();
      const hub = new MemoryHub();
      const tls = authority.signPeer('a');
      const taken = DirectEngine.start(hub.connect('a'), { tls, listen: { host: '127.0.0.1', port } }, new Counted());
      expect(await errorOf(taken))
        .to.have.property('message')
        .that.matches(/^direct\.listen: .*EADDRINUSE/);
      const unread = DirectEngine.start(hub.connect('a'), { tls: { ...tls, key: '/none.key' } }, new Counted());
      expect(await errorOf(unread))
        .to.have.property('message')
        .that.matches(/none\.key/);
    });
  });

  it('is told "gone" of what has been withdrawn, and does not ask there any more', async () => {
    const hub = new MemoryHub();
    const counted = new Counted();
    const listen = { host: '127.0.0.1', port: 0 };
    const holder = await start(hub.connect('a'), { tls: authority.signPeer('a'), listen });
    const reader = await start(hub.connect('b'), { tls: authority.signPeer('b') }, counted);
    const watcher = new Watcher(reader);
    ending.push(() => watcher.end());
    let isClaimed = true;
    const service = await holder.serve('object', 'b', ({ byteLength }) => {
      if (isClaimed) return new Uint8Array(byteLength);
      throw new Error('it is not claimed');
    });
    const changes = { object: 'object', ...(holder.direct && { direct: holder.direct }) };
    const entry = await holder.announce(makeRecord('a', 'b', changes));
    await watcher.sees(({ name }) => name.id === entry.record.id);
    const read = () => reader.read('a', 'object', RANGE, soon());
    await read();
    isClaimed = false;
    const refused = await errorOf(read());
    expect(refused)
      .to.include({ reason: 'refused' })
      .and.to.have.property('message')
      .that.includes('it is not claimed');
    await service.close();
    expect(await reasonOf(read())).to.equal('gone');
    await holder.withdraw(entry);
    await watcher.sees(({ entry: found }) => found === undefined);
    await holder.close();
    expect(await reasonOf(read())).to.equal('gone');
    expect(counted).to.deep.include({ direct: 1, failures: [] });
  });
});
