import type { EngineDescription } from './connect-engine.js';
import type { AgentOptions } from './options.js';

/** What an agent is started with. */
export interface AgentTask {
  engine: EngineDescription;
  /** The name of the peer. */
  as: string;
  options?: AgentOptions;
}
