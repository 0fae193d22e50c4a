/** HTTP servers that answer as a spec wants. They listen on UNIX sockets: a machine may have no network. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import { type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Context } from 'mocha';
import { answerRange } from '../../demo/supplied/range-server.js';
import { needs, requires } from './requires.js';
import { contents } from './supplies.js';

export interface Asked {
  method: string;
  /** As in `http://host/path`. */
  url: string;
  headers: IncomingMessage['headers'];
  response: ServerResponse;
  socket: Socket;
  /** Answers as a good server does. */
  honestly: () => void;
}

/** In PEM format. */
export interface Identity {
  key: string;
  cert: string;
}

type Answerer = (asked: Asked, number: number) => void;

let serverCount = 0;

export class HttpServer implements AsyncDisposable {
  readonly #server: Server;
  /** What has been asked, in order. */
  readonly asked: Asked[] = [];
  readonly socketPath: string;
  bytes: Buffer;
  etag = '"one"';
  /** How many connections were accepted. */
  connectionCount = 0;
  /** How requests are answered; the first has number 0. */
  answer: Answerer = (asked) => {
    asked.honestly();
  };

  private constructor(byteLength: number, socketPath: string, identity?: Identity) {
    this.bytes = contents(byteLength);
    this.socketPath = socketPath;
    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      this.#onRequest(request, response);
    };
    this.#server = identity ? createSecureServer(identity, onRequest) : createServer(onRequest);
    this.#server.on('connection', () => this.connectionCount++);
  }

  /** With an identity it speaks TLS. */
  static async start(byteLength: number, identity?: Identity): Promise<HttpServer> {
    const path = `\0vmoffer-spec-${process.pid}-${serverCount++}`;
    return await new HttpServer(byteLength, path, identity).#listen(path);
  }

  /** On a port of 127.0.0.1. */
  static async startOnNetwork(byteLength: number): Promise<HttpServer> {
    return await new HttpServer(byteLength, '').#listen(0, '127.0.0.1');
  }

  /** `http://127.0.0.1:PORT`, of a server on the network. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Replaces the object, as another version. */
  replace(byteLength: number, etag: string): void {
    this.bytes = contents(byteLength, 2);
    this.etag = etag;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #listen(...where: [string] | [number, string]): Promise<this> {
    this.#server.listen(...(where as [string]));
    await once(this.#server, 'listening');
    return this;
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const { method = '', url = '', headers, socket } = request;
    const honestly = () => {
      const { bytes, etag } = this;
      answerRange(request, response, {
        byteLength: bytes.length,
        etag,
        read: (first, end) => bytes.subarray(first, end),
      });
    };
    const asked = { method, url: `http://${headers.host ?? ''}${url}`, headers, response, socket, honestly };
    this.answer(asked, this.asked.push(asked) - 1);
  }
}

/** For a `before` hook: what follows needs a loopback interface, and brings it up where it may. */
export function requireLoopback(context: Context): void {
  requires(context, needs.loopback);
  if (networkInterfaces()['lo'] === undefined) execFileSync('ip', ['link', 'set', 'lo', 'up']);
}

export const openssl = {
  what: 'the program openssl',
  remedy: 'apt install openssl',
  isMet: () => spawnSync('openssl', ['version']).status === 0,
};

/** A key, and a certificate for the host that its own key has signed. */
export function makeIdentity(host: string): Identity {
  const folder = mkdtempSync(join(tmpdir(), 'vmoffer-identity-'));
  const paths = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
    execFileSync('openssl', ['req', '-x509', ...curve, ...subject, '-keyout', paths.key, '-out', paths.cert], {
      stdio: 'pipe',
    });
    return { key: readFileSync(paths.key, 'utf8'), cert: readFileSync(paths.cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
