/** One page that both processes may write: the source says what it offers, the claimer answers on the second half. */
import { allocate, capabilities, type Region } from 'vmoffer';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

export class Letter<Said extends object, Answered extends object> {
  readonly region: Region;

  private constructor(region: Region) {
    this.region = region;
  }

  static write<Said extends object, Answered extends object>(said: Said): Letter<Said, Answered> {
    const letter = new Letter<Said, Answered>(allocate(capabilities().pageSize));
    put(letter.#half(0), said);
    return letter;
  }

  static open<Said extends object, Answered extends object>(region: Region): Letter<Said, Answered> {
    return new Letter(region);
  }

  get said(): Said {
    return get(this.#half(0)) as Said;
  }

  /** Undefined until there is one. */
  get answer(): Answered | undefined {
    return get(this.#half(1)) as Answered | undefined;
  }

  reply(answer: Answered): void {
    put(this.#half(1), answer);
  }

  #half(index: 0 | 1): Uint8Array {
    const byteLength = this.region.byteLength / 2;
    return this.region.view(index * byteLength, byteLength);
  }
}

function put(bytes: Uint8Array, value: object): void {
  const text = encoder.encode(JSON.stringify(value));
  if (text.length >= bytes.length) throw new RangeError(`a letter holds ${bytes.length} bytes, not ${text.length}`);
  bytes.set(text);
}

function get(bytes: Uint8Array): unknown {
  const end = bytes.indexOf(0);
  return end === 0 ? undefined : JSON.parse(decoder.decode(bytes.slice(0, end)));
}
