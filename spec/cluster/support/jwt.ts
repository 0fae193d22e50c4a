/** JWTs as nats-server reads them, signed with NKEYs: what `nsc` makes. */
import { nkeys } from '@nats-io/transport-node';
import { randomBytes } from 'node:crypto';

const UNLIMITED = -1;
const LIMITS = { subs: UNLIMITED, data: UNLIMITED, payload: UNLIMITED };
const ACCOUNT_LIMITS = {
  ...LIMITS,
  imports: UNLIMITED,
  exports: UNLIMITED,
  wildcards: true,
  conn: UNLIMITED,
  leaf: UNLIMITED,
};
const JETSTREAM_LIMITS = { mem_storage: UNLIMITED, disk_storage: UNLIMITED, streams: UNLIMITED, consumer: UNLIMITED };

/** An operator with two accounts: the server's own, and one for peers. */
export class Operator {
  readonly #operator = nkeys.createOperator();
  readonly #system = nkeys.createAccount();
  readonly #peers = nkeys.createAccount();

  /** Lines of a server's configuration that let in whom the operator's accounts have signed. */
  configuration(): string {
    const system = this.#system.getPublicKey();
    const peers = this.#peers.getPublicKey();
    const account = (pair: nkeys.KeyPair, limits: object) =>
      signed(this.#operator, pair.getPublicKey(), { type: 'account', version: 2, limits });
    return [
      `operator: ${signed(this.#operator, this.#operator.getPublicKey(), { type: 'operator', version: 2, system_account: system })}`,
      `system_account: ${system}`,
      'resolver: MEMORY',
      'resolver_preload: {',
      `  ${system}: ${account(this.#system, ACCOUNT_LIMITS)}`,
      `  ${peers}: ${account(this.#peers, { ...ACCOUNT_LIMITS, ...JETSTREAM_LIMITS })}`,
      '}',
    ].join('\n');
  }

  /** The text of a credentials file for a peer. */
  credentials(signer: 'operator’s account' | 'nobody’s account' = 'operator’s account'): string {
    const account = signer === 'operator’s account' ? this.#peers : nkeys.createAccount();
    const user = nkeys.createUser();
    const jwt = signed(account, user.getPublicKey(), { type: 'user', version: 2, pub: {}, sub: {}, ...LIMITS });
    const seed = Buffer.from(user.getSeed()).toString();
    return [
      '-----BEGIN NATS USER JWT-----',
      jwt,
      '------END NATS USER JWT------',
      '',
      '-----BEGIN USER NKEY SEED-----',
      seed,
      '------END USER NKEY SEED------',
      '',
    ].join('\n');
  }
}

function signed(issuer: nkeys.KeyPair, subject: string, nats: object): string {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    jti: randomBytes(16).toString('hex'),
    iat,
    iss: issuer.getPublicKey(),
    sub: subject,
    name: 'spec',
    nats,
  };
  const body = [{ typ: 'JWT', alg: 'ed25519-nkey' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${body}.${Buffer.from(issuer.sign(new TextEncoder().encode(body))).toString('base64url')}`;
}
