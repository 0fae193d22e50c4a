import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { constants } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { invalid } from '../../errors.js';
import type { AnswerRange, ByteRange, Service } from '../engine.js';
import { answerExactly } from '../range.js';
import { isValidAt, peerNamedBy } from './certificate.js';
import type { Credentials } from './credentials.js';
import { parseRequest } from './range-request.js';

const MAX_CONNECTIONS = 1024;
const MAX_CONNECTIONS_OF_PEER = 32;
/** Of one connection: a client asks for the next range when it has the one before, of which the server may learn a little later. */
const MAX_UNFINISHED = 2;
const MAX_HEADER_BYTES = 4096;
const SHAKES_HANDS_WITHIN_MS = 5000;
const ASKS_WITHIN_MS = 5000;
const LOOKS_EVERY_MS = 1000;
/** Longer than clients keep a connection that they do not use, so that none is closed under a request. */
const IDLE_MS = 60_000;
/** A reader that is told nothing for longer takes the connection for dead. */
export const SIGN_OF_LIFE_MS = 500;

/** Answers ranges over HTTPS to peers that their certificates name. Whoever asks for what is not theirs is told that there is none. */
export class RangeServer {
  readonly #server: Server;
  readonly #services = new Map<string, DirectService>();
  readonly #sockets = new Set<Socket>();
  readonly #connections = new Map<string, number>();
  readonly #peers = new WeakMap<object, Connected>();

  /** Rejects if it cannot listen there. */
  static async listen({ host, port }: { host: string; port: number }, credentials: Credentials): Promise<RangeServer> {
    const server = new RangeServer(credentials);
    await new Promise<void>((resolve, reject) => {
      server.#server.once('error', (cause) => {
        reject(invalid(`direct.listen: ${cause.message}`, { cause }));
      });
      server.#server.listen(port, host, resolve);
    });
    server.#server.on('error', () => undefined); // of accepting: the next connection is tried anew
    return server;
  }

  private constructor(credentials: Credentials) {
    const options = {
      ...credentials.options,
      requestCert: true,
      rejectUnauthorized: true,
      secureOptions: constants.SSL_OP_NO_TICKET, // who resumes a session is not looked at again
      handshakeTimeout: SHAKES_HANDS_WITHIN_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: ASKS_WITHIN_MS,
      requestTimeout: ASKS_WITHIN_MS,
      keepAliveTimeout: IDLE_MS,
      connectionsCheckingInterval: LOOKS_EVERY_MS,
      noDelay: true,
    };
    this.#server = createServer(options, (request, response) => {
      this.#onRequest(request, response);
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.timeout = IDLE_MS; // also of those who do not take what they asked for
    let context = credentials.current();
    this.#server.prependListener('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      const current = credentials.current();
      if (current !== context) this.#server.setSecureContext({ ...options, ...credentials.options });
      context = current;
    });
    this.#server.on('secureConnection', (socket: TLSSocket) => {
      this.#onPeer(socket);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  serve(object: string, reader: string, answer: AnswerRange): Service {
    const service = new DirectService(answer);
    const key = keyOf(reader, object);
    this.#services.set(key, service);
    return {
      close: () => {
        if (this.#services.get(key) === service) this.#services.delete(key);
        return service.close();
      },
    };
  }

  /** Ends every connection at once. */
  async close(): Promise<void> {
    this.#services.clear();
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #onPeer(socket: TLSSocket): void {
    const certificate = socket.getPeerCertificate();
    const peer = peerNamedBy(certificate);
    const connections = this.#connections.get(peer ?? '') ?? 0;
    if (peer === undefined || connections >= MAX_CONNECTIONS_OF_PEER) {
      socket.destroy();
      return;
    }
    this.#peers.set(socket, { peer, certificate, unfinished: 0 });
    this.#connections.set(peer, connections + 1);
    socket.once('close', () => {
      const left = (this.#connections.get(peer) ?? 1) - 1;
      if (left > 0) this.#connections.set(peer, left);
      else this.#connections.delete(peer);
    });
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connected = this.#peers.get(request.socket);
    if (!connected || connected.unfinished >= MAX_UNFINISHED || !isValidAt(connected.certificate, Date.now())) {
      request.socket.destroy();
      return;
    }
    connected.unfinished++;
    response.once('close', () => connected.unfinished--);
    const asked = parseRequest(request);
    const service = asked && this.#services.get(keyOf(connected.peer, asked.object));
    if (service) service.receive(asked.range, response);
    else end(response, 404, { isLast: !asked });
  }
}

/** What is known of a connection. */
interface Connected {
  peer: string;
  certificate: PeerCertificate;
  unfinished: number;
}

/** Answers ranges of one object to one reader. */
class DirectService {
  readonly #answer: AnswerRange;
  readonly #underWay = new Set<Promise<void>>();

  constructor(answer: AnswerRange) {
    this.#answer = answer;
  }

  receive(range: ByteRange, response: ServerResponse): void {
    const answered = this.#respond(range, response);
    this.#underWay.add(answered);
    void answered.finally(() => this.#underWay.delete(answered));
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Why it is refused is told by way of the engine. */
  async #respond(range: ByteRange, response: ServerResponse): Promise<void> {
    const { socket } = response.req; // of responses that wait for another one, nobody says that they are closed
    const signs = setInterval(() => {
      if (!response.headersSent) response.writeProcessing();
    }, SIGN_OF_LIFE_MS);
    const stop = () => {
      clearInterval(signs);
    };
    socket.once('close', stop);
    try {
      const bytes = (await answerExactly(this.#answer, range)).slice(); // the holder's memory may be gone before it is sent
      response.writeHead(206, { 'content-length': range.byteLength });
      response.end(bytes);
    } catch {
      end(response, 403, { isLast: false });
    } finally {
      stop();
      socket.off('close', stop);
    }
  }
}

function end(response: ServerResponse, status: number, { isLast }: { isLast: boolean }): void {
  response.writeHead(status, { 'content-length': 0, ...(isLast && { connection: 'close' }) });
  response.end();
}

function keyOf(reader: string, object: string): string {
  return `${reader} ${object}`;
}
