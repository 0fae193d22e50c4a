/** Failures that may be gone when the request is made again. */

export interface TransientDetails {
  cause?: unknown;
  /** How long the server asks to be left alone. */
  retryAfterMs?: number | undefined;
  /** Whether there is no reason to wait before the next try. */
  atOnce?: boolean;
}

export class Transient extends Error {
  readonly retryAfterMs: number;
  readonly atOnce: boolean;

  constructor(message: string, { cause, retryAfterMs = 0, atOnce = false }: TransientDetails = {}) {
    super(message, { cause });
    this.retryAfterMs = retryAfterMs;
    this.atOnce = atOnce;
  }
}

const STATUSES = [408, 425, 429, 500, 502, 503, 504];

const CODES = [
  ...['ECONNABORTED', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETDOWN', 'ENETUNREACH'],
  ...['EAI_AGAIN', 'ERR_STREAM_PREMATURE_CLOSE'],
];

export function isTransientStatus(status: number): boolean {
  return STATUSES.includes(status) || status > 505;
}

export function isTransientFailure(error: unknown): boolean {
  return CODES.includes(String((error as NodeJS.ErrnoException).code));
}

/** The header Retry-After in milliseconds, a number of seconds or a date; undefined if it is neither. */
export function parseRetryAfter(text: string | undefined, now = Date.now()): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
