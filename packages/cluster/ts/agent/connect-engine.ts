import type { Engine } from '../engine/engine.js';
import { invalid } from '../errors.js';

/** What an engine's own function returns, such as nats(): plain values, so that an agent in another process can connect. */
export interface EngineDescription {
  readonly engine: string;
}

/** Connects as this peer. An engine is loaded when it is used. */
export async function connectEngine(description: EngineDescription, self: string): Promise<Engine> {
  if (description.engine !== 'nats') throw invalid(`there is no engine ${description.engine}; use nats({ servers })`);
  const { connectNats } = await import('../engine/nats/connect.js');
  return connectNats(description as unknown as Parameters<typeof connectNats>[0], self);
}
