import type { PeerCertificate } from 'node:tls';
import { isName } from '../names.js';

const PREFIX = 'URI:vmoffer:';

/**
 * The peer that a certificate names: the NAME of its only subject alternative name `URI:vmoffer:NAME`. Undefined if it names none
 * or several. Certificates of the same authority for other purposes name none.
 */
export function peerNamedBy({ subjectaltname }: { subjectaltname?: string | undefined }): string | undefined {
  // Node.js quotes names that have a comma in them, which could be taken for two names.
  if (subjectaltname === undefined || subjectaltname.includes('"')) return undefined;
  const named = subjectaltname.split(', ').filter((name) => name.startsWith(PREFIX));
  const [only = ''] = named.map((name) => name.slice(PREFIX.length));
  return named.length === 1 && isName(only) ? only : undefined;
}

/** Whether it is still valid. The handshake has looked once; connections last. */
export function isValidAt({ valid_to }: Pick<PeerCertificate, 'valid_to'>, now: number): boolean {
  return now <= Date.parse(valid_to);
}
