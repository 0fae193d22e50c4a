/**
 * vmoffer beyond one machine: offers to processes on other hosts, which claim them lazily. The bytes travel over an engine that
 * exists already, NATS first.
 *
 * @packageDocumentation
 */
export type { EngineDescription } from './agent/connect-engine.js';
export type { AgentOptions, AllowedOffer } from './agent/options.js';
export { ClusterOffer, type ClusterOfferEnding } from './client/cluster-offer.js';
export { Cluster, Peer, type ClusterOfferRecord, type PeerOptions } from './client/cluster.js';
export { IncomingClusterOffer } from './client/incoming.js';
export { agentAt, join, type AgentAddress, type JoinOptions } from './client/join.js';
export type { DirectOptions, DirectTls } from './engine/direct/options.js';
export { EngineError, type EngineErrorReason } from './engine/engine.js';
export {
  nats,
  type NatsAuthenticator,
  type NatsDescription,
  type NatsOptions,
  type NatsTls,
} from './engine/nats/description.js';

export { createBucket, sweepBucket } from './client/operator.js';
