import { setTimeout as pause } from 'node:timers/promises';
import { join, nats, type Cluster } from 'vmoffer-cluster';

const TRIES = 50;

/** The server has been started at the same time as this program: until it listens, it refuses. */
export async function joinAs(as: string, server: string): Promise<Cluster> {
  for (let left = TRIES; ; left--) {
    try {
      return await join(nats({ servers: server }), { as });
    } catch (error) {
      if (left === 0) throw error;
      await pause(100);
    }
  }
}
