import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { nats } from '#cluster/engine/nats/description.js';
import { createBucket } from '#cluster/engine/nats/connect.js';
import { until } from '../../support/barriers.js';
import { freePorts, NatsServer } from './nats-server.js';

const NAMES = ['one', 'two', 'three'];
const ELECTS_WITHIN_MS = 30_000;

/** Three servers that keep each record three times. */
export class NatsCluster implements AsyncDisposable {
  readonly servers: readonly NatsServer[];

  private constructor(servers: readonly NatsServer[]) {
    this.servers = servers;
  }

  static async start(): Promise<NatsCluster> {
    const routes = await freePorts(NAMES.length);
    const starts = await Promise.allSettled(
      NAMES.map((name, index) => NatsServer.start({ name, cluster: { port: routes[index] ?? 0, routes } })),
    );
    const servers = starts.filter((start) => start.status === 'fulfilled').map(({ value }) => value);
    const cluster = new NatsCluster(servers);
    const failure = starts.find((start) => start.status === 'rejected');
    if (!failure) return cluster;
    await cluster[Symbol.asyncDispose]();
    throw failure.reason;
  }

  get urls(): string[] {
    return this.servers.map(({ url }) => url);
  }

  /** Makes a bucket once the servers have found each other. */
  async createBucket(bucket: string): Promise<void> {
    const description = nats({ servers: this.urls, bucket, replicas: NAMES.length });
    const make = () =>
      createBucket(description).then(
        () => true,
        () => false,
      );
    await until('the cluster makes a bucket', make, ELECTS_WITHIN_MS);
  }

  /** The server that leads this stream at the moment. */
  async leaderOf(stream: string): Promise<NatsServer> {
    const connection = await connect({ servers: this.urls });
    try {
      const manager = await jetstreamManager(connection);
      const { cluster } = await manager.streams.info(stream);
      const leader = this.servers[NAMES.indexOf(cluster?.leader ?? '')];
      if (!leader) throw new Error(`${stream} has no leader`);
      return leader;
    } finally {
      await connection.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.servers.map((server) => server[Symbol.asyncDispose]()));
  }
}
