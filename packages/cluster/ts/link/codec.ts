/**
 * What travels between a program and its agent: one JSON value a line, in both directions. Nothing here reads or writes anything.
 *
 *     {"id":1,"request":{"op":"offer",…}}      asks; ids are the asker's, and each is answered once
 *     {"id":1,"part":[…]}                      the beginning of an answer that is a long list; the result goes on with it
 *     {"id":1,"result":{…}}                    the answer
 *     {"id":1,"error":{"code":…,"message":…}}  or why there is none
 *     {"event":{…}}                            news that nobody asked for
 */

/** The longest line. No message needs a quarter of it: longer lists come in parts. */
export const MAX_LINE_BYTES = 1 << 20;

export interface LinkError {
  code: string;
  message: string;
}

export type Frame =
  | { id: number; request: object }
  | { id: number; part: unknown[] }
  | { id: number; result: unknown }
  | { id: number; error: LinkError }
  | { event: object };

/** Says that the other end broke the rules: nothing it said after that can be understood. */
export class LinkProtocolError extends Error {
  override readonly name = 'LinkProtocolError';
}

export function encodeFrame(frame: Frame): string {
  return `${JSON.stringify(frame)}\n`;
}

/** Makes frames of bytes as they come. */
export class FrameReader {
  #parts: Buffer[] = [];
  #length = 0;

  /** @throws LinkProtocolError; the reader is of no use then. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let rest = chunk;
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      frames.push(this.#finish(rest.subarray(0, end)));
      rest = rest.subarray(end + 1);
    }
    this.#keep(rest);
    return frames;
  }

  #keep(part: Buffer): void {
    this.#length += part.byteLength;
    if (this.#length > MAX_LINE_BYTES) throw new LinkProtocolError(`a line has more than ${MAX_LINE_BYTES} bytes`);
    if (part.byteLength > 0) this.#parts.push(part);
  }

  #finish(part: Buffer): Frame {
    this.#keep(part);
    const line = Buffer.concat(this.#parts).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return decodeFrame(line);
  }
}

export function decodeFrame(line: string): Frame {
  const value = parse(line);
  if (isObject(value)) {
    const { id, request, part, event, error } = value;
    if (isObject(event)) return { event };
    if (Number.isSafeInteger(id)) {
      if (isObject(request)) return { id: id as number, request };
      if (Array.isArray(part)) return { id: id as number, part: part as unknown[] };
      if (isLinkError(error)) return { id: id as number, error };
      if ('result' in value) return { id: id as number, result: value['result'] };
    }
  }
  throw new LinkProtocolError(`a line is no frame: ${line.slice(0, 80)}`);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isLinkError(value: unknown): value is LinkError {
  return isObject(value) && typeof value['code'] === 'string' && typeof value['message'] === 'string';
}
