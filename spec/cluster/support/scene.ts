import { needs, requires } from '../../support/requires.js';
import { NatsServer, requireNatsServer } from './nats-server.js';
import { Stage } from './programs.js';
import { TcpProxy } from './tcp-proxy.js';

/** What the specs of a suite work with. */
export interface Scene {
  /** The same for all of them. */
  readonly server: NatsServer;
  readonly stage: Stage;
  /** A way to the server that can be slowed down, and cut. */
  readonly proxy: TcpProxy;
}

/** Hooks of the suite that calls this. What is returned is complete while a spec runs. */
export function useScene(): Scene {
  const scene: { -readonly [Part in keyof Scene]?: Scene[Part] } = {};
  before(async function () {
    requires(this, needs.fullUserfault);
    requireNatsServer(this);
    scene.server = await NatsServer.start();
  });
  after(() => scene.server?.[Symbol.asyncDispose]()); // before() may have skipped all
  beforeEach(async () => {
    const { server } = scene as Scene;
    scene.stage = new Stage(server);
    scene.proxy = await TcpProxy.start(server.port);
  });
  afterEach(async () => {
    const { stage, proxy } = scene as Scene;
    proxy.mend();
    await stage[Symbol.asyncDispose]();
    await proxy[Symbol.asyncDispose]();
  });
  return scene as Scene;
}
