import { VmoError } from '../errors.js';

export function protocolError(what: string): VmoError {
  return new VmoError(
    'ERR_VMO_PROTOCOL',
    `the other side of the channel ${what}; the channel is broken. Do not trust that process`,
  );
}
