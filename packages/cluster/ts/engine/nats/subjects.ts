/**
 * The subjects of a bucket. The peer that may use one stands at a fixed place, so that permissions can confine it
 * (`examples/nats.conf`): peer P publishes `vmo.*.P.>` and subscribes to `vmo.P.>`, and so on.
 */
import type { OfferName } from '../engine.js';

export const subjects = {
  range: (holder: string, reader: string, object: string) => `vmo.${holder}.${reader}.range.${object}`,
  ping: (peer: string, asker: string) => `vmo.${peer}.${asker}.agent`,
  inbox: (peer: string) => `_INBOX.${peer}`,

  record: (bucket: string, { id, from, to }: OfferName) => `$KV.${bucket}.${to}.${from}.${id}`,
  recordsTo: (bucket: string, peer: string) => `$KV.${bucket}.${peer}.>`,
  recordsFrom: (bucket: string, peer: string) => `$KV.${bucket}.*.${peer}.>`,

  unit: (bucket: string, holder: string, reader: string, object: string, unit: number | '*') =>
    `vmo-store.${bucket}.${holder}.${reader}.${object}.${unit}`,

  directGet: (stream: string, subject: string) => `$JS.API.DIRECT.GET.${stream}.${subject}`,
};

export const streams = {
  /** The name that every client of NATS gives the stream of a bucket. */
  book: (bucket: string) => `KV_${bucket}`,
  store: (bucket: string) => `VMO_STORE_${bucket}`,
};

/** The offer of a record's subject. */
export function offerOfSubject(subject: string): OfferName | undefined {
  const [, , to, from, id] = subject.split('.');
  return to === undefined || from === undefined || id === undefined ? undefined : { id, from, to };
}
