/** What the client's errors mean for those who use an engine. */
import { errors } from '@nats-io/transport-node';
import { EngineError } from '../engine.js';

/** The client wraps the errors of a request into another. */
function causeOf(error: unknown): unknown {
  return error instanceof errors.RequestError && error.cause !== undefined ? error.cause : error;
}

/** Whether nobody listens to the subject, or no server leads the stream at the moment. */
export function isNoResponders(error: unknown): boolean {
  return causeOf(error) instanceof errors.NoRespondersError;
}

/** An EngineError, unless it is something that only a bug can explain. */
export function engineErrorOf(error: unknown): unknown {
  const cause = causeOf(error);
  if (cause instanceof errors.PermissionViolationError) {
    const message = `the NATS server does not let this peer ${cause.operation} ${cause.subject}; see its permissions`;
    return new EngineError('not-permitted', message, { cause });
  }
  if (cause instanceof errors.TimeoutError) return new EngineError('timeout', 'no answer came in time', { cause });
  if (cause instanceof errors.ClosedConnectionError || isClosedWhileAsking(cause)) {
    return new EngineError('closed', 'the connection to NATS is closed', { cause });
  }
  return error;
}

/** A request that is under way when the connection is closed gets this error, which has no class of its own. */
function isClosedWhileAsking(cause: unknown): boolean {
  return cause instanceof errors.RequestError && cause.message === 'connection closed';
}
