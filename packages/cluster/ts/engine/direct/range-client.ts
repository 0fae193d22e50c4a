import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import type { PeerCertificate } from 'node:tls';
import type { ByteRange, DirectAddress } from '../engine.js';
import { peerNamedBy } from './certificate.js';
import type { Credentials } from './credentials.js';
import { DirectFailure, exchange } from './exchange.js';
import { headerOf, pathOf } from './range-request.js';

/** To one holder: twice as many as one claim needs, so that an object whose holder is slow does not hold up all others. */
const SOCKETS = 16;
const IDLE_MS = 30_000;
/** Holders to which connections are kept. */
const MAX_HOLDERS = 1024;

/** Asks holders for ranges over HTTPS. Each has connections of its own: what was shown by one is not believed of another. */
export class RangeClient {
  readonly #credentials: Credentials;
  readonly #holders = new Map<string, HolderAgent>();

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /** As exchange(). */
  read(
    holder: string,
    address: DirectAddress,
    asked: { object: string; range: ByteRange },
    signals: readonly AbortSignal[],
  ): Promise<Uint8Array | undefined> {
    const options = {
      ...address,
      agent: this.#agentOf(holder),
      path: pathOf(asked.object),
      headers: { range: headerOf(asked.range) },
    };
    return exchange(options, asked.range.byteLength, signals);
  }

  close(): void {
    for (const agent of this.#holders.values()) agent.destroy();
    this.#holders.clear();
  }

  #agentOf(holder: string): HolderAgent {
    const known = this.#holders.get(holder);
    if (known) return known;
    if (this.#holders.size >= MAX_HOLDERS) this.#forgetOldest();
    const agent = new HolderAgent(holder, this.#credentials);
    this.#holders.set(holder, agent);
    return agent;
  }

  #forgetOldest(): void {
    const [oldest] = this.#holders;
    if (!oldest) return;
    oldest[1].destroy();
    this.#holders.delete(oldest[0]);
  }
}

/** Connections to whoever shows a certificate of this holder. */
class HolderAgent extends Agent {
  readonly #credentials: Credentials;

  constructor(holder: string, credentials: Credentials) {
    super({
      keepAlive: true,
      maxSockets: SOCKETS,
      timeout: IDLE_MS,
      maxCachedSessions: 0, // with a session that is resumed nobody looks at the certificate
      rejectUnauthorized: true,
      checkServerIdentity: (_host: string, certificate: PeerCertificate) => identityError(holder, certificate),
    });
    this.#credentials = credentials;
  }

  override createConnection(
    options: AgentOptions,
    callback?: (error: Error | null, stream: Duplex) => void,
  ): Duplex | null | undefined {
    const withCredentials = { ...options, secureContext: this.#credentials.current() };
    return super.createConnection(withCredentials, callback);
  }
}

function identityError(holder: string, certificate: PeerCertificate): Error | undefined {
  const named = peerNamedBy(certificate);
  if (named === holder) return undefined;
  return new DirectFailure(`the certificate there names ${named ?? 'no peer'}, not ${holder}`);
}
