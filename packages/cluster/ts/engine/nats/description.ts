import { toVmoError } from '../../errors.js';
import { checkName } from '../names.js';

/** How a peer proves who it is. Files are read when the connection is made, so that a description holds no secret of theirs. */
export type NatsAuthenticator =
  | { /** A file of `nsc`: a JWT and its seed. */ creds: string }
  | { /** A file that holds the seed of a user's NKEY. */ nkeySeed: string }
  | { user: string; pass: string }
  | { token: string };

/** Files in PEM. With `cert` and `key` the server can know the peer by its certificate. */
export interface NatsTls {
  /** Who may have signed the server's certificate. Default: the authorities that Node.js knows. */
  ca?: string;
  cert?: string;
  key?: string;
  /** TLS before NATS says a word; the server must be set so, too (`handshake_first`, from nats-server 2.10). */
  handshakeFirst?: boolean;
}

export interface NatsOptions {
  /** One or several of a cluster, as `nats://host:4222` or `host:4222`; the others are found. */
  servers: string | readonly string[];
  tls?: NatsTls;
  authenticator?: NatsAuthenticator;
  /** Where the book is kept. Peers that use different buckets do not see each other. Default: `vmoffer`. */
  bucket?: string;
  /**
   * Make the bucket and the store when they are missing. Default: true. A peer that may not make them, as with the example
   * configuration, says false; an operator calls createBucket() once.
   */
  create?: boolean;
  /** How many servers keep each record, 1 to 5, where this peer makes the bucket. Default: 1. */
  replicas?: number;
}

/** What {@link nats} returns: plain values, so that it can be sent to another process. */
export interface NatsDescription {
  readonly engine: 'nats';
  readonly servers: readonly string[];
  readonly tls?: NatsTls;
  readonly authenticator?: NatsAuthenticator;
  readonly bucket: string;
  readonly create: boolean;
  readonly replicas: number;
}

/**
 * Describes an engine of NATS servers, version 2.9 or later with JetStream. Connects to nothing yet.
 *
 * @throws {VmoError} ERR_VMO_INVALID_ARGUMENT
 */
export function nats(options: NatsOptions): NatsDescription {
  try {
    return describe(options);
  } catch (error) {
    throw toVmoError(error);
  }
}

function describe(options: NatsOptions): NatsDescription {
  const { tls, authenticator, bucket = 'vmoffer', create = true, replicas = 1 } = options;
  const servers = serversOf(options.servers);
  checkName('a bucket', bucket);
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) {
    throw new RangeError(`there may be 1 to 5 replicas, got ${replicas}; 3 of them survive the loss of a server`);
  }
  if (tls && (tls.cert === undefined) !== (tls.key === undefined)) {
    throw new TypeError('tls.cert and tls.key go together, got one of them: the server asks for both');
  }
  if (authenticator) checkAuthenticator(authenticator);
  return {
    engine: 'nats',
    servers,
    bucket,
    create,
    replicas,
    ...(tls && { tls }),
    ...(authenticator && { authenticator }),
  };
}

/** The client rejects other addresses without saying which, or takes them for the names of hosts. */
const SERVER = /^((nats|tls):\/\/)?[^\s/@]+\/?$/;

/** What is given may come from a file. */
function serversOf(given: unknown): string[] {
  const servers: unknown[] = Array.isArray(given) ? given : given === undefined ? [] : [given];
  if (servers.length === 0) throw new TypeError(`there must be a server, got none; pass servers: ['nats://host:4222']`);
  return servers.map((server) => {
    if (typeof server === 'string' && SERVER.test(server)) return server;
    throw new TypeError(`a server must be 'nats://host:4222' or 'host:4222', got ${JSON.stringify(server)}`);
  });
}

const WAYS = [['creds'], ['nkeySeed'], ['user', 'pass'], ['token']];

function checkAuthenticator(authenticator: object): void {
  const given = Object.keys(authenticator);
  const isKnown = WAYS.some((way) => way.length === given.length && way.every((key) => given.includes(key)));
  if (isKnown) return;
  throw new TypeError(
    `an authenticator must be { creds }, { nkeySeed }, { user, pass } or { token }, got { ${given.join(', ')} }`,
  );
}
