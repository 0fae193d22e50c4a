/**
 * vmoffer beyond one machine: offers to processes on other hosts, which claim them lazily. The bytes travel over an engine that
 * exists already, NATS first.
 *
 * @packageDocumentation
 */
export { EngineError, type EngineErrorReason } from './engine/engine.js';
