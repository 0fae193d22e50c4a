import { expect } from 'chai';
import { encodeFrame, FrameReader, LinkProtocolError, MAX_LINE_BYTES, type Frame } from '#cluster/link/codec.js';

const FRAMES: Frame[] = [
  { id: 1, request: { op: 'offer', to: 'ä\n"' } },
  { id: 2, result: null },
  { id: 3, result: [1, 'two'] },
  { id: 3, part: ['zero'] },
  { id: 4, error: { code: 'ERR_VMO_BUSY', message: 'later' } },
  { event: { type: 'released', id: 'f' } },
];
const BYTES = Buffer.from(FRAMES.map(encodeFrame).join(''));

describe('the link between a program and its agent', () => {
  for (const step of [1, 2, 3, 7, BYTES.length]) {
    it(`reads what was written, in pieces of ${step} bytes`, () => {
      const reader = new FrameReader();
      const found: Frame[] = [];
      for (let at = 0; at < BYTES.length; at += step) found.push(...reader.push(BYTES.subarray(at, at + step)));
      expect(found).to.deep.equal(FRAMES);
    });
  }

  const wrong = [
    '',
    'x',
    '[]',
    '{}',
    '{"id":1}',
    '{"id":"1","result":1}',
    '{"id":1.5,"result":1}',
    '{"event":1}',
    '{"request":{}}',
  ];
  for (const line of wrong) {
    it(`refuses ${JSON.stringify(line)}`, () => {
      expect(() => new FrameReader().push(Buffer.from(`${line}\n`))).to.throw(LinkProtocolError);
    });
  }

  it('refuses an error without a message', () => {
    expect(() => new FrameReader().push(Buffer.from('{"id":1,"error":{"code":"ERR_VMO_BUSY"}}\n'))).to.throw(
      LinkProtocolError,
    );
  });

  it('reads a line of the longest length, and keeps no more than that of one that does not end', () => {
    const frame = (length: number) =>
      encodeFrame({ id: 1, result: 'x'.repeat(length - '{"id":1,"result":""}\n'.length) });
    expect(new FrameReader().push(Buffer.from(frame(MAX_LINE_BYTES)))).to.have.length(1);
    expect(() => new FrameReader().push(Buffer.from(frame(MAX_LINE_BYTES + 2)))).to.throw(LinkProtocolError);
    const reader = new FrameReader();
    reader.push(Buffer.alloc(MAX_LINE_BYTES));
    expect(() => reader.push(Buffer.alloc(1))).to.throw(LinkProtocolError);
  });
});
