import type { NatsDescription } from '../engine/nats/description.js';

/**
 * For operators whose peers may not: makes the bucket and the store that the description names.
 *
 * @param description what `nats()` returns, with the operator's authenticator.
 */
export async function createBucket(description: NatsDescription): Promise<void> {
  const connecting = await import('../engine/nats/connect.js'); // the client is loaded when it is used
  await connecting.createBucket(description);
}
