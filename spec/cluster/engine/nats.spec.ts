import { NatsServer, requireNatsServer } from '../support/nats-server.js';
import { NatsWorld } from '../support/nats-world.js';
import { describeEngine } from './contract.js';

describe('over NATS', () => {
  let server: NatsServer | undefined;

  before(async function () {
    requireNatsServer(this);
    server = await NatsServer.start();
  });

  after(() => server?.[Symbol.asyncDispose]());

  describeEngine('NATS', () => Promise.resolve(new NatsWorld(server?.port ?? 0)));
});
