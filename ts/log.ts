/** Tracing: set DEBUG=vmoffer:* in the environment, or name the parts, DEBUG=vmoffer:offer,vmoffer:claim. */
import createDebug from 'debug';

export const log = {
  region: createDebug('vmoffer:region'),
  offer: createDebug('vmoffer:offer'),
  claim: createDebug('vmoffer:claim'),
  prefetch: createDebug('vmoffer:prefetch'),
  list: createDebug('vmoffer:list'),
  channel: createDebug('vmoffer:channel'),
  incoming: createDebug('vmoffer:incoming'),
  held: createDebug('vmoffer:held'),
  cli: createDebug('vmoffer:cli'),
};
