import { expect } from 'chai';
import { EXCHANGE } from '../../../bench/channel/c-peer.js';
import { expectStamped, isStamped, stamp } from '../../../bench/channel/payload.js';
import { Peer } from '../../../bench/peers/peer.js';

const LENGTHS = [8, 64, 68, 69, 132, 1000, 4096];
const NUMBERS = [0, 1, 255, 256, 0x01020304, 0x7fffffff, 0x80000000, 0xffffffff];

function stamped(byteLength: number, number: number): Uint8Array {
  const message = new Uint8Array(byteLength);
  stamp(message, number);
  return message;
}

/** The offsets at which a message has marks. */
function markedOffsets(byteLength: number): number[] {
  const lines = Array.from({ length: Math.ceil(byteLength / 64) }, (_, line) => line * 64).slice(1);
  const ends = [0, 1, 2, 3].flatMap((at) => [at, byteLength - 4 + at]);
  return [...ends, ...lines.filter((at) => at < byteLength - 4)];
}

describe("a bench's message", () => {
  it('is recognized by its number, and by no other', () => {
    for (const byteLength of LENGTHS) {
      for (const number of NUMBERS) {
        const message = stamped(byteLength, number);
        expect(isStamped(message, number), `${byteLength} bytes, number ${number}`).to.be.true;
        expect(isStamped(message, (number + 1) >>> 0)).to.be.false;
        expect(isStamped(message, (number + 0x10000) >>> 0)).to.be.false;
      }
    }
  });

  it('has a mark on every cache line, and a change of any is noticed', () => {
    for (const byteLength of LENGTHS) {
      const marked = markedOffsets(byteLength);
      expect(new Set(marked.map((at) => at >> 6)).size).to.equal(Math.ceil(byteLength / 64));
      for (const at of marked) {
        const message = stamped(byteLength, 77);
        message[at] = (message[at] ?? 0) ^ 0x40;
        expect(isStamped(message, 77), `byte ${at} of ${byteLength}`).to.be.false;
      }
    }
  });

  it('is an error if its length or contents differ from what was sent', () => {
    const message = stamped(1000, 5);
    expectStamped(message, 1000, 5);
    expect(() => {
      expectStamped(message, 1000, 6);
    }).to.throw('message 6 is not what was sent: 1000 bytes, number 5');
    expect(() => {
      expectStamped(message.subarray(0, 999), 1000, 5);
    }).to.throw('999 bytes');
  });

  let peer: Peer;
  before(() => {
    peer = new Peer(EXCHANGE);
  });
  after(() => peer[Symbol.asyncDispose]());

  it('is the same in C as in JavaScript', async () => {
    for (const byteLength of LENGTHS) {
      for (const number of NUMBERS) {
        const message = stamped(byteLength, number);
        expect(await peer.ask('stamp', byteLength, number)).to.deep.equal([...message]);
        expect(await peer.ask('verify', number, byteLength, ...message)).to.deep.equal([1]);
      }
    }
  });

  it('is refused in C, too, when a mark has changed', async () => {
    for (const at of markedOffsets(1000)) {
      const message = stamped(1000, 77);
      message[at] = (message[at] ?? 0) ^ 0x40;
      expect(await peer.ask('verify', 77, 1000, ...message), `byte ${at}`).to.deep.equal([0]);
    }
  });
});
