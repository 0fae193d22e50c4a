import type { Engine } from '../engine/engine.js';
import type { Counters } from './counters.js';
import type { CheckedAgentOptions } from './options.js';
import type { PeerWatch } from './peer-watch.js';

/** What the parts of an agent have in common. */
export interface AgentContext {
  readonly engine: Engine;
  readonly counters: Counters;
  readonly peers: PeerWatch;
  readonly options: CheckedAgentOptions;
}
