/** How the bytes of a measurement travel: by way of NATS, or from agent to agent. */
import { collectSeldom } from '#cluster/agent/heap.js';
import { DirectEngine } from '#cluster/engine/direct/direct-engine.js';
import type { Engine } from '#cluster/engine/engine.js';
import { connectNats } from '#cluster/engine/nats/connect.js';
import { nats, type DirectOptions } from 'vmoffer-cluster';
import { Authority } from '../../spec/cluster/support/certificates.js';
import { makeRecord } from '../../spec/cluster/support/records.js';

export interface Way {
  source: string;
  reader: string;
  /** Certificates of the source, the reader, and the engines beside their agents, if the bytes travel directly. */
  tls?: Record<Side, { agent: DirectOptions['tls']; anchor: DirectOptions['tls'] }>;
}

export type Side = 'a' | 'b';

export const BY_NATS: Way = { source: 'a', reader: 'b' };

export function directWay(authority: Authority): Way {
  const names = { source: 'a-direct', reader: 'b-direct' };
  const of = (peer: string) => ({ agent: authority.signPeer(peer), anchor: authority.signPeer(`${peer}-anchor`) });
  return { ...names, tls: { a: of(names.source), b: of(names.reader) } };
}

export function directOptions({ tls }: Way, side: Side): { direct?: DirectOptions } {
  return tls ? { direct: optionsWith(tls[side].agent) } : {};
}

/** An engine of its own beside the agent of this side, in a process whose garbage is collected as that of an agent is. */
export async function connectAnchor(url: string, way: Way, side: Side): Promise<Engine> {
  collectSeldom();
  const inner = await connectNats(nats({ servers: url }), `${side === 'a' ? way.source : way.reader}-anchor`);
  if (!way.tls) return inner;
  return DirectEngine.start(inner, optionsWith(way.tls[side].anchor), {
    readDirectly: () => undefined,
    fellBack: (why) => {
      throw why; // it would measure NATS
    },
  });
}

function optionsWith(tls: DirectOptions['tls']): DirectOptions {
  return { tls, listen: { host: '127.0.0.1', port: 0 } };
}

/** So that the reader's anchor learns where to read directly. */
export async function announceAnchor(engine: Engine, reader: string): Promise<void> {
  const { direct } = engine;
  if (direct) await engine.announce(makeRecord(engine.self, reader, { object: 'anchor', direct }));
}

/** Resolves when it has learnt that. */
export async function learnAnchor(engine: Engine, signal: AbortSignal): Promise<void> {
  const changes = engine.watch(signal)[Symbol.asyncIterator]();
  await changes.next();
  void drain(changes);
}

async function drain(changes: AsyncIterator<unknown>): Promise<void> {
  while (!(await changes.next()).done);
}
