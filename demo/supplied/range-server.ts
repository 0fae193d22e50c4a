/** An HTTP server of the usual kind for one object: strong ETag, ranges, conditions. It counts what it sends. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';

export interface Served {
  byteLength: number;
  etag: string;
  /** The bytes from `first` to `end`, without `end`. */
  read(first: number, end: number): Uint8Array;
}

/** Answers one request, and returns how many bytes of the object went into the answer. */
export function answerRange(request: IncomingMessage, response: ServerResponse, served: Served): number {
  const { byteLength, etag } = served;
  const { range, 'if-match': ifMatch, 'if-range': ifRange } = request.headers;
  response
    .setHeader('ETag', etag)
    .setHeader('Accept-Ranges', 'bytes')
    .setHeader('Content-Type', 'application/octet-stream');
  if (ifMatch !== undefined && ifMatch !== etag) return refuse(response, 412);
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const isWhole = range === undefined || (ifRange !== undefined && ifRange !== etag);
  const first = isWhole ? 0 : Number(from);
  const end = isWhole || to === '' ? byteLength : Math.min(Number(to) + 1, byteLength);
  if (!isWhole && first >= byteLength) {
    response.setHeader('Content-Range', `bytes */${byteLength}`);
    return refuse(response, 416);
  }
  if (!isWhole) response.setHeader('Content-Range', `bytes ${first}-${end - 1}/${byteLength}`);
  const body = served.read(first, end);
  response.writeHead(isWhole ? 200 : 206, { 'Content-Length': body.length }).end(body);
  return body.length;
}

function refuse(response: ServerResponse, status: number): number {
  response.writeHead(status, { 'Content-Length': 0 }).end();
  return 0;
}

export class RangeServer implements AsyncDisposable {
  readonly socketPath: string;
  requestCount = 0;
  bytesSent = 0;
  readonly #server: Server;

  private constructor(socketPath: string, served: Served) {
    this.socketPath = socketPath;
    this.#server = createServer((request, response) => {
      this.requestCount++;
      this.bytesSent += answerRange(request, response, served);
    });
  }

  /** Listens on a UNIX socket: a machine may have no network. */
  static async start(socketPath: string, served: Served): Promise<RangeServer> {
    const server = new RangeServer(socketPath, served);
    server.#server.listen(socketPath);
    await once(server.#server, 'listening');
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
