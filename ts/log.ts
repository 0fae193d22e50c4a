/**
 * Tracing: set DEBUG=vmoffer:* in the environment, or name parts, DEBUG=vmoffer:offer,vmoffer:claim. Each part of the library
 * has a namespace. A trace that is off costs one function call: where there is something to format, check `.enabled` first.
 */
import createDebug from 'debug';

export const log = {
  addon: createDebug('vmoffer:addon'),
  capabilities: createDebug('vmoffer:capabilities'),
  channel: createDebug('vmoffer:channel'),
  claim: createDebug('vmoffer:claim'),
  cli: createDebug('vmoffer:cli'),
  held: createDebug('vmoffer:held'),
  incoming: createDebug('vmoffer:incoming'),
  keepAlive: createDebug('vmoffer:keep-alive'),
  list: createDebug('vmoffer:list'),
  offer: createDebug('vmoffer:offer'),
  prefetch: createDebug('vmoffer:prefetch'),
  region: createDebug('vmoffer:region'),
  supply: createDebug('vmoffer:supply'),
};
