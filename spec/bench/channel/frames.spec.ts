import { expect } from 'chai';
import { Frames } from '../../../bench/channel/frames.js';

const STREAM = Uint8Array.from({ length: 30 }, (_, index) => index);

/** Feeds the stream in pieces of these lengths, and returns copies of the messages. */
function cut(byteLength: number, lengths: readonly number[]): number[][] {
  const messages: number[][] = [];
  const frames = new Frames(byteLength, (message) => messages.push([...message]));
  let at = 0;
  for (const length of lengths) frames.add(STREAM.subarray(at, (at += length)));
  return messages;
}

describe("a bench's stream", () => {
  const expected = [0, 1, 2].map((message) => [...STREAM.subarray(message * 10, message * 10 + 10)]);

  it('is cut into messages, whatever pieces it comes in', () => {
    for (let first = 0; first <= 30; first++) {
      for (let second = 0; first + second <= 30; second++) {
        const lengths = [first, second, 30 - first - second];
        expect(cut(10, lengths), lengths.join(' ')).to.deep.equal(expected);
      }
    }
    expect(cut(10, new Array<number>(30).fill(1))).to.deep.equal(expected);
  });

  it('gives nothing before a message is whole', () => {
    expect(cut(10, [9])).to.deep.equal([]);
    expect(cut(10, [9, 5])).to.deep.equal(expected.slice(0, 1));
  });

  it('copies no message that came in one piece', () => {
    const buffers: ArrayBufferLike[] = [];
    const frames = new Frames(10, ({ buffer }) => buffers.push(buffer));
    frames.add(STREAM.subarray(0, 25));
    expect(buffers).to.deep.equal([STREAM.buffer, STREAM.buffer]);
    for (const buffer of buffers) expect(buffer).to.equal(STREAM.buffer);
  });
});
