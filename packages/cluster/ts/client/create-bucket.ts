import type { NatsDescription } from '../engine/nats/description.js';
import { toVmoError } from '../errors.js';

/**
 * For operators whose peers may not: makes the bucket and the store that the description names.
 *
 * @param description what `nats()` returns, with the operator's authenticator.
 * @returns a promise that rejects with a `VmoError`, as that of `join()`.
 */
export async function createBucket(description: NatsDescription): Promise<void> {
  const connecting = await import('../engine/nats/connect.js'); // the client is loaded when it is used
  await connecting.createBucket(description).catch((error: unknown) => {
    throw toVmoError(error);
  });
}
