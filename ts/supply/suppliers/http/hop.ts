/** Where a request goes, and after a redirect, where it goes on. */
import { supplyFailed } from '../../../errors.js';

export interface Hop {
  readonly url: URL;
  /** The user's own headers. They are not for another origin, which might learn secrets from them. */
  readonly headers: Readonly<Record<string, string>>;
}

const REDIRECTS = [301, 302, 303, 307, 308];

export function isRedirect(status: number): boolean {
  return REDIRECTS.includes(status);
}

export function nextHop(hop: Hop, location: string | undefined): Hop {
  const from = nameOf(hop.url);
  if (location === undefined || !URL.canParse(location, hop.url.href)) {
    throw supplyFailed(
      `${from} redirects to ${location === undefined ? 'nowhere' : 'what is no URL'}; give its right URL`,
    );
  }
  const url = new URL(location, hop.url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw supplyFailed(
      `${from} redirects to a URL of ${url.protocol}, which is not followed; give an http or https URL`,
    );
  }
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw supplyFailed(`${from} redirects to ${nameOf(url)}, which is not encrypted; give that URL if it may be so`);
  }
  if (url.origin !== hop.url.origin) return { url, headers: {} };
  if (url.username === '' && url.password === '') {
    url.username = hop.url.username;
    url.password = hop.url.password;
  }
  return { url, headers: hop.headers };
}

/** A URL for messages. Its query may be a signature, its user a password. */
export function nameOf({ origin, pathname }: URL): string {
  return origin + pathname;
}
