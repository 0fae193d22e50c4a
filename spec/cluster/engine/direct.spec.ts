import { expect } from 'chai';
import { requireLoopback } from '../../support/http-server.js';
import { Authority } from '../support/certificates.js';
import { Counted, DirectWorld } from '../support/direct-world.js';
import { MemoryWorld } from '../support/memory-world.js';
import { NatsServer, requireNatsServer } from '../support/nats-server.js';
import { NatsWorld } from '../support/nats-world.js';
import { describeEngine } from './contract.js';

/** Ranges of the contract that a holder answers. Of those that it refuses, or does not have, none comes directly. */
const ANSWERED = 13;

describe('reading directly', () => {
  let authority: Authority;
  let counted: Counted;

  before(function () {
    requireLoopback(this);
    authority = new Authority('peers');
  });
  beforeEach(() => (counted = new Counted()));
  after(() => (authority as Authority | undefined)?.[Symbol.dispose]()); // before() may have skipped all

  describe('within one process', () => {
    let direct = 0;
    afterEach(() => (direct += counted.direct));
    describeEngine('direct, beside one process', () =>
      Promise.resolve(new DirectWorld(new MemoryWorld(), authority, counted)),
    );
    after(() => {
      if (direct < ANSWERED) throw new Error(`only ${direct} ranges came directly`);
    });
  });

  describe('over NATS', () => {
    let direct = 0;
    let server: NatsServer | undefined;

    before(async function () {
      requireNatsServer(this);
      server = await NatsServer.start();
    });
    afterEach(() => (direct += counted.direct));
    describeEngine('direct, beside NATS', () =>
      Promise.resolve(new DirectWorld(new NatsWorld(server?.port ?? 0), authority, counted)),
    );
    after(async () => {
      await server?.[Symbol.asyncDispose]();
      if (server) expect(direct).to.be.at.least(ANSWERED);
    });
  });
});
