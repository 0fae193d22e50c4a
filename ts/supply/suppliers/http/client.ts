import * as http from 'node:http';
import * as https from 'node:https';
import { supplyFailed } from '../../../errors.js';
import type { Answer } from './answer.js';
import { isRedirect, nameOf, nextHop, type Hop } from './hop.js';
import type { CheckedHttpOptions } from './options.js';
import { isTransientFailure, Transient } from './transient.js';

/** What a server says to somebody who has no right any more, such as the right that was in a signed URL. */
const REFUSALS = [401, 403, 404, 410];

/** Asks one URL, over and over, on connections that are kept open. */
export class HttpClient {
  readonly #options: CheckedHttpOptions;
  readonly #agents: { http: http.Agent; https: https.Agent };
  readonly #first: Hop;
  /** Where the first hop has redirected to. It is asked directly until it refuses: then what was signed may be out of date. */
  #known: Hop | undefined;

  constructor(options: CheckedHttpOptions) {
    this.#options = options;
    this.#first = { url: new URL(options.url), headers: options.headers };
    const agentOptions = { keepAlive: true, maxSockets: options.connections, scheduling: 'lifo' } as const;
    this.#agents = { http: new http.Agent(agentOptions), https: new https.Agent(agentOptions) };
  }

  /** Names the object, in messages. */
  get name(): string {
    return nameOf(this.#first.url);
  }

  /** The answer at the end of all redirects. Rejects with a Transient where another try may help. */
  async get(headers: http.OutgoingHttpHeaders, signal: AbortSignal): Promise<Answer> {
    const known = this.#known;
    const { response, hop } = await this.#follow(known ?? this.#first, headers, signal);
    const from = nameOf(hop.url);
    if (known && REFUSALS.includes(response.statusCode ?? 0)) {
      response.destroy();
      if (this.#known === known) this.#known = undefined;
      throw new Transient(`${from} answers ${response.statusCode}`, { atOnce: true });
    }
    if (hop !== this.#first && response.statusCode === 206) this.#known = hop;
    return { response, from };
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  async #follow(start: Hop, headers: http.OutgoingHttpHeaders, signal: AbortSignal) {
    let hop = start;
    for (let redirects = 0; ; redirects++) {
      const response = await this.#ask(hop, headers, signal);
      if (!isRedirect(response.statusCode ?? 0)) return { response, hop };
      response.resume(); // so that the connection can be used again
      if (redirects === this.#options.redirects) {
        throw supplyFailed(
          `${this.name} redirects more than ${redirects} times; give the URL at the end, or raise redirects`,
        );
      }
      hop = nextHop(hop, response.headers.location);
    }
  }

  #ask(hop: Hop, headers: http.OutgoingHttpHeaders, signal: AbortSignal): Promise<http.IncomingMessage> {
    const { silenceMs, socketPath, ca } = this.#options;
    const isSecure = hop.url.protocol === 'https:';
    const options: https.RequestOptions = {
      headers: { ...hop.headers, ...headers },
      agent: isSecure ? this.#agents.https : this.#agents.http,
      signal,
      timeout: silenceMs,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(ca === undefined ? {} : { ca }),
    };
    return new Promise((resolve, reject) => {
      let answering: http.ClientRequest | http.IncomingMessage;
      const request = (isSecure ? https : http).request(hop.url, options, (response) => {
        answering = response;
        resolve(response);
      });
      answering = request;
      request.on('timeout', () => {
        answering.destroy(new Transient(`${nameOf(hop.url)} is silent for ${silenceMs} ms`));
      });
      request.on('error', (error) => {
        reject(judge(error, nameOf(hop.url), request.reusedSocket));
      });
      request.end();
    });
  }
}

/** A connection that was kept open may have been closed by the server just then: a new one will do. */
function judge(error: Error, name: string, wasKept: boolean): Error {
  if (error instanceof Transient || error.name === 'AbortError') return error;
  const message = `${name} cannot be reached: ${messageOf(error)}`;
  if (isTransientFailure(error)) return new Transient(message, { cause: error, atOnce: wasKept });
  return supplyFailed(message, { cause: error });
}

/** Node.js tries all addresses of a host, and puts their errors together in one without a message. */
function messageOf(error: Error): string {
  return error instanceof AggregateError ? error.errors.map(String).join(', ') : error.message;
}
