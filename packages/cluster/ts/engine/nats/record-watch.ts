import type { Msg } from '@nats-io/transport-node';
import type { ChangeQueue } from '../change-queue.js';
import { decodeRecord } from '../record.js';
import type { Place } from './delivery.js';
import { offerOfSubject } from './subjects.js';

/** Puts what a follower of records is given into a queue. What is no record is left out: another peer wrote it. */
export function recordInto(queue: ChangeQueue): (message: Msg, place: Place) => void {
  return ({ subject, headers, data }, place) => {
    const name = offerOfSubject(subject);
    if (!name) return;
    if (headers?.has('KV-Operation')) queue.push({ name, entry: undefined });
    const record = decodeRecord(name, data);
    if (record) queue.push({ name, entry: { record, revision: place.stream } });
  };
}
