import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import type { VmoErrorCode } from 'vmoffer';
import { createBucket, join, nats, type NatsOptions } from 'vmoffer-cluster';
import { rejectionOf } from '../support/vmo-error.js';
import { Authority } from './support/certificates.js';
import { NatsServer, requireNatsServer } from './support/nats-server.js';

/** Nobody listens there: the port is for root, and has no service. */
const NOBODY = '127.0.0.1:1';

type Failure = [what: string, code: VmoErrorCode, message: RegExp, options: () => NatsOptions];

describe('a cluster that cannot be joined', function () {
  this.timeout(60_000);
  let folder: string;
  let authority: Authority;
  let stranger: Authority;
  let plain: NatsServer;
  let guarded: NatsServer;
  let secure: NatsServer;

  before(async function () {
    requireNatsServer(this);
    folder = mkdtempSync(joinPath(tmpdir(), 'vmoffer-join-'));
    writeFileSync(joinPath(folder, 'rubbish'), 'rubbish');
    authority = new Authority('ours');
    stranger = new Authority('theirs');
    const { cert, key } = authority.sign('server');
    const tls = `tls { cert_file: "${cert}", key_file: "${key}", ca_file: "${authority.cert}", verify: true }`;
    plain = await NatsServer.start();
    guarded = await NatsServer.start({ config: 'authorization { user: a, password: right }' });
    secure = await NatsServer.start({ config: tls });
  });
  after(async () => {
    for (const server of [plain, guarded, secure] as (NatsServer | undefined)[]) await server?.[Symbol.asyncDispose]();
    for (const made of [authority, stranger] as (Authority | undefined)[]) made?.[Symbol.dispose]();
    if ((folder as string | undefined) !== undefined) rmSync(folder, { recursive: true });
  });

  const rubbish = () => joinPath(folder, 'rubbish');
  const failures: Failure[] = [
    ['nobody listens', 'ERR_VMO_PEER_GONE', /at 127\.0\.0\.1:1 \(.*refused/, () => ({ servers: NOBODY })],
    ['the host has no address', 'ERR_VMO_PEER_GONE', /no\.host\.invalid/, () => ({ servers: 'no.host.invalid:4222' })],
    [
      'the password is wrong',
      'ERR_VMO_NOT_PERMITTED',
      /users/,
      () => {
        return { servers: guarded.url, authenticator: { user: 'a', pass: 'wrong' } };
      },
    ],
    [
      'there is no such credentials file',
      'ERR_VMO_INVALID_ARGUMENT',
      /creds .*\/none: ENOENT/,
      () => {
        return { servers: plain.url, authenticator: { creds: '/none' } };
      },
    ],
    [
      'the credentials are rubbish',
      'ERR_VMO_INVALID_ARGUMENT',
      /creds .*rubbish/,
      () => {
        return { servers: plain.url, authenticator: { creds: rubbish() } };
      },
    ],
    [
      'the seed is rubbish',
      'ERR_VMO_INVALID_ARGUMENT',
      /nkeySeed .*rubbish/,
      () => {
        return { servers: plain.url, authenticator: { nkeySeed: rubbish() } };
      },
    ],
    [
      'there is no such authority',
      'ERR_VMO_INVALID_ARGUMENT',
      /ca .*\/none: ENOENT/,
      () => {
        return { servers: secure.url, tls: { ca: '/none' } };
      },
    ],
    [
      'the certificate is rubbish',
      'ERR_VMO_INVALID_ARGUMENT',
      /PEM.*cert .*rubbish/,
      () => {
        return { servers: secure.url, tls: { ca: authority.cert, cert: rubbish(), key: rubbish() } };
      },
    ],
    [
      'the key is another certificate’s',
      'ERR_VMO_INVALID_ARGUMENT',
      /belong together/,
      () => {
        const { cert } = authority.sign('a');
        return { servers: secure.url, tls: { ca: authority.cert, cert, key: authority.sign('b').key } };
      },
    ],
    ['the server has no TLS', 'ERR_VMO_INVALID_ARGUMENT', /offers no TLS/, () => ({ servers: plain.url, tls: {} })],
    ['nobody has said whom to trust', 'ERR_VMO_NOT_PERMITTED', /tls\.ca/, () => ({ servers: secure.url })],
    [
      'another authority is trusted',
      'ERR_VMO_NOT_PERMITTED',
      /tls\.ca/,
      () => {
        return { servers: secure.url, tls: { ca: stranger.cert } };
      },
    ],
    [
      'the server wants a certificate',
      'ERR_VMO_PEER_GONE',
      /tls\.cert/,
      () => {
        return { servers: secure.url, tls: { ca: authority.cert } };
      },
    ],
    [
      'nobody has made the bucket',
      'ERR_VMO_TIMEOUT',
      /createBucket/,
      () => {
        return { servers: plain.url, bucket: 'never-made', create: false };
      },
    ],
  ];

  for (const [what, code, message, options] of failures) {
    it(`says so where ${what}`, async () => {
      const error = await rejectionOf(join(nats(options()), { as: 'a' }), code);
      expect(error.message).to.match(message);
    });
  }

  it('is not made by an operator who reaches no server, either', async () => {
    await rejectionOf(createBucket(nats({ servers: NOBODY })), 'ERR_VMO_PEER_GONE');
  });
});
