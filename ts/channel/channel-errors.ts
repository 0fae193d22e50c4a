import { invalidArgument, VmoError } from '../errors.js';

export function closedError(): Error {
  return invalidArgument('the channel has been closed by this side; send before close()');
}

export function peerClosedError(pid: number): Error {
  return new VmoError('ERR_VMO_PEER_GONE', `process ${pid} has closed the channel; nothing more can be sent`, { pid });
}

export function peerGoneError(pid: number): Error {
  return new VmoError(
    'ERR_VMO_PEER_GONE',
    `the other side of the channel, in process ${pid}, has ended without closing it; what it had sent has been received`,
    { pid },
  );
}

export function tooManyWaitingError(count: number): Error {
  return new VmoError(
    'ERR_VMO_TOO_MANY',
    `${count} messages wait for room in the ring already; await what send() returns before the next one`,
  );
}

/** Whether the other side has broken the rules of the ring. Nothing that it writes can be trusted any more. */
export function isProtocolError(error: unknown): error is VmoError {
  return error instanceof VmoError && error.code === 'ERR_VMO_PROTOCOL';
}
