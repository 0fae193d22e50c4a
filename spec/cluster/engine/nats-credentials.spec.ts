import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VmoError } from 'vmoffer';
import { connectNats } from '#cluster/engine/nats/connect.js';
import { nats, type NatsAuthenticator } from '#cluster/engine/nats/description.js';
import { Operator } from '../support/jwt.js';
import { NatsServer, requireNatsServer } from '../support/nats-server.js';
import { makeRecord } from '../support/records.js';
import { errorOf } from './contract.js';

describe('what a peer shows a NATS server', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vmoffer-credentials-'));

  before(function () {
    requireNatsServer(this);
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** The first lets a peer in that can announce, the second does not. */
  async function compare(config: string, right: NatsAuthenticator, wrong: NatsAuthenticator): Promise<void> {
    await using server = await NatsServer.start({ config });
    const servers = server.url;
    const engine = await connectNats(nats({ servers, authenticator: right }), 'a');
    try {
      const entry = await engine.announce(makeRecord('a', 'b'));
      expect(await engine.find(entry.record)).to.deep.equal(entry);
    } finally {
      await engine.close();
    }
    const error = await errorOf(connectNats(nats({ servers, authenticator: wrong }), 'a'));
    expect((error as Error).message).to.match(/does not let this peer in .*authorization violation/i);
  }

  it('may be the credentials file that an account has signed', async () => {
    const operator = new Operator();
    const file = (name: string, text: string) => {
      const path = join(folder, name);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    };
    const right = { creds: file('right.creds', operator.credentials()) };
    const wrong = { creds: file('wrong.creds', operator.credentials('nobody’s account')) };
    await compare(operator.configuration(), right, wrong);
  });

  it('may be a name and a password', async () => {
    const config = 'authorization { user: a, password: right }';
    await compare(config, { user: 'a', pass: 'right' }, { user: 'a', pass: 'wrong' });
  });

  it('may be a token', async () => {
    await compare('authorization { token: right }', { token: 'right' }, { token: 'wrong' });
  });

  it('is one of these and not half of one', () => {
    const wrong = [{ user: 'a' }, { password: 'b' }, { token: 'c', creds: 'd' }, {}] as unknown as NatsAuthenticator[];
    for (const authenticator of wrong) {
      expect(() => nats({ servers: 'localhost', authenticator })).to.throw(VmoError, /authenticator/);
    }
  });
});
