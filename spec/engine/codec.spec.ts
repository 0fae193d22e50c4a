import { expect } from 'chai';
import { Code } from '../support/codes.js';
import { probe, type EngineError, type WireHeldLine, type WireMessage, type WireOfferLine } from '../support/probe.js';
import { NO_COUNTS, type PagingCounts } from '../support/paging-counts.js';
import { Random, runSeed } from '../support/random.js';
import { needs, requires } from '../support/requires.js';

const HEADER_BYTES = 12;
const MAX_TEXT_BYTES = 400;
const MAX_LINES = 100;
const MAX_PACKET_BYTES = 8192;

const line = (offerId: bigint): WireOfferLine => ({ offerId, address: 0x7f00n, byteLength: 4096n, flags: 3 });

const MAX_HELD_LINES = 40;
const MAX_CELLS = 64;

const AFTER_COUNTS = ['faultNsP50', 'faultNsP99', 'residentPages', 'pagesLookedAt'] as const;
const HELD_NUMBERS = [...Object.keys(NO_COUNTS), ...AFTER_COUNTS];
type HeldNumbers = Record<keyof PagingCounts | (typeof AFTER_COUNTS)[number], bigint>;

const heldLine = (number: bigint, cells: Buffer = Buffer.of(0, 255)): WireHeldLine => ({
  number,
  address: 0x7f00n,
  byteLength: 8192n,
  sourcePid: 77n,
  flags: 0x41,
  transfer: 'pull',
  paging: 'eager',
  ...(Object.fromEntries(HELD_NUMBERS.map((name, index) => [name, BigInt(index + 1)])) as HeldNumbers),
  cells,
});

const HELD_BYTES = HELD_NUMBERS.map((_, index) => `${(index + 1).toString(16).padStart(2, '0')}00000000000000`);

const UNITS = { byteOffset: 0x80000n, byteLength: 0x40000n };
const UNIT_BYTES = '0000080000000000 0000040000000000';

/** Each message with its bytes, written out by hand from engine/wire/FORMAT.md. */
const EXAMPLES: [message: WireMessage, type: string, body: string][] = [
  [{ type: 'claim', address: 0x7f20_1122_3344n, transfer: 'map' }, '0100', '4433221120 7f0000 00'],
  [{ type: 'claim', address: 0x1000n, transfer: 'pull' }, '0100', '0010000000000000 01'],
  [
    { type: 'terms', offerId: 17n, address: 0x1000n, byteLength: 0x2000n, objectOffset: 0n, flags: 1 },
    '0200',
    '1100000000000000 0010000000000000 0020000000000000 0000000000000000 01000000',
  ],
  [{ type: 'mapped', offerId: 17n }, '0300', '1100000000000000'],
  [{ type: 'declined', offerId: 2n ** 64n - 1n }, '0400', 'ffffffffffffffff'],
  [{ type: 'done', offerId: 1n }, '0500', '0100000000000000'],
  [{ type: 'refused', code: Code.NotOffered, message: 'no' }, '0600', '0300 0200 6e6f'],
  [{ type: 'list', follow: true }, '0700', '01'],
  [{ type: 'list', follow: false }, '0700', '00'],
  [{ type: 'offers', lines: [] }, '0800', '00000000'],
  [
    { type: 'offers', lines: [line(5n)] },
    '0800',
    '01000000 0500000000000000 007f000000000000 0010000000000000 03000000',
  ],
  [{ type: 'end' }, '0900', ''],
  [{ type: 'lease' }, '0a00', ''],
  [{ type: 'inspect' }, '1400', ''],
  [{ type: 'held', lines: [] }, '1500', '00000000'],
  [
    { type: 'held', lines: [heldLine(5n)] },
    '1500',
    `01000000 0500000000000000 007f000000000000 0020000000000000 4d000000 41000000 01 02 ${HELD_BYTES.join('')} 02 00ff`,
  ],
  [{ type: 'supply', unitBytes: 0x40000, timeoutMs: 10_000 }, '0c00', '00000400 10270000'],
  [{ type: 'ask', ...UNITS, isWaitedFor: true }, '1e00', `${UNIT_BYTES} 01`],
  [{ type: 'ask', ...UNITS, isWaitedFor: false }, '1e00', `${UNIT_BYTES} 00`],
  [{ type: 'cancel', ...UNITS }, '1f00', UNIT_BYTES],
  [{ type: 'ready', ...UNITS }, '2000', UNIT_BYTES],
  [{ type: 'failed', ...UNITS, code: Code.Supply, message: 'no' }, '2100', `${UNIT_BYTES} 0e00 0200 6e6f`],
  [{ type: 'progress' }, '2200', ''],
  [{ type: 'recall', number: 9n, ...UNITS }, '2300', `0900000000000000 ${UNIT_BYTES}`],
  [{ type: 'given', number: 9n }, '2400', '0900000000000000'],
  [{ type: 'kept', number: 9n }, '2500', '0900000000000000'],
];

function packet(type: string, body: Buffer, { magic = '564d4f46', version = '0100' } = {}): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([Buffer.from(magic + version + type, 'hex'), length, body]);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

function isError(result: WireMessage | EngineError): result is EngineError {
  return !('type' in result);
}

function refusalOf(bytes: Buffer): string {
  const result = probe().decode(bytes);
  if (!isError(result)) expect.fail(`${bytes.toString('hex')} was taken for ${result.type}`);
  expect(result.code).to.equal(Code.Protocol);
  return result.message;
}

function bodyWithText(text: Buffer, length = text.length): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16LE(Code.Busy, 0);
  head.writeUInt16LE(length, 2);
  return Buffer.concat([head, text]);
}

/** Decoded texts are bytes, while the examples have strings. */
function comparable(message: WireMessage | EngineError): unknown {
  return 'message' in message ? { ...message, message: message.message.toString() } : message;
}

describe('codec', () => {
  before(function () {
    requires(this, needs.probe);
  });

  for (const [message, type, body] of EXAMPLES) {
    it(`${message.type} ${body.slice(0, 17)} has the bytes of FORMAT.md, and comes back`, () => {
      const bytes = packet(type, hex(body));
      expect(probe().encode(message).toString('hex')).to.equal(bytes.toString('hex'));
      expect(comparable(probe().decode(bytes))).to.deep.equal(message);
    });
  }

  it('refuses every message cut short, at every byte, and every one with a byte too many', () => {
    for (const [message] of EXAMPLES) {
      const bytes = probe().encode(message);
      for (let length = 0; length < bytes.length; length++) refusalOf(bytes.subarray(0, length));
      refusalOf(Buffer.concat([bytes, Buffer.of(0)]));
    }
  });

  it('refuses a body that is too short or too long for its type, even if the header agrees', () => {
    for (const [, type, body] of EXAMPLES) {
      const bytes = hex(body);
      if (bytes.length > 0) refusalOf(packet(type, bytes.subarray(1)));
      refusalOf(packet(type, Buffer.concat([bytes, Buffer.of(0)])));
    }
  });

  it('tells a stranger from another version', () => {
    expect(refusalOf(packet('0900', Buffer.alloc(0), { magic: '47455420' }))).to.include('magic');
    expect(refusalOf(packet('0900', Buffer.alloc(0), { version: '0200' })))
      .to.include('version 2')
      .and.to.include('1');
  });

  it('refuses unknown types', () => {
    for (const type of ['0000', '0b00', '0d00', '1300', '1600', '1d00', '2600', 'ffff'])
      expect(refusalOf(packet(type, Buffer.alloc(8)))).to.include('type');
  });

  it('takes a refusal with an unknown code for a refusal', () => {
    for (const code of [0, 15, 0xffff]) {
      const body = bodyWithText(Buffer.from('?'));
      body.writeUInt16LE(code);
      expect(comparable(probe().decode(packet('0600', body)))).to.include({ type: 'refused', code: Code.Protocol });
    }
  });

  it('carries every code', () => {
    for (let code = 1; code <= Code.TooMany; code++) {
      expect(probe().decode(probe().encode({ type: 'refused', code, message: '' }))).to.include({ code });
    }
  });

  describe('texts', () => {
    it('may have 400 bytes and no more', () => {
      const decoded = probe().decode(packet('0600', bodyWithText(Buffer.alloc(MAX_TEXT_BYTES, 'x'))));
      expect(comparable(decoded)).to.deep.include({ message: 'x'.repeat(MAX_TEXT_BYTES) });
      refusalOf(packet('0600', bodyWithText(Buffer.alloc(MAX_TEXT_BYTES + 1, 'x'))));
    });

    it('do not reach behind the packet', () => {
      refusalOf(packet('0600', bodyWithText(Buffer.from('no'), 3)));
      refusalOf(packet('0600', bodyWithText(Buffer.from('no'), 0xffff)));
    });

    it('that are too long are cut between two characters', () => {
      for (const character of ['x', 'é', '…', '𝄞']) {
        const text = `.${character.repeat(MAX_TEXT_BYTES)}`;
        const decoded = probe().decode(probe().encode({ type: 'refused', code: Code.Busy, message: text }));
        const got = 'message' in decoded ? (decoded.message as Buffer) : Buffer.alloc(0);
        expect(got.length).to.be.within(MAX_TEXT_BYTES - 3, MAX_TEXT_BYTES);
        expect(text.startsWith(got.toString()), `cut inside ${character}`).to.be.true;
      }
    });
  });

  describe('lists of offers', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, index) => line(BigInt(index)));

    it('have up to 100 lines', () => {
      const message: WireMessage = { type: 'offers', lines: lines(MAX_LINES) };
      expect(probe().decode(probe().encode(message))).to.deep.equal(message);
      refusalOf(probe().encode({ type: 'offers', lines: lines(MAX_LINES + 1) }));
    });

    it('have as many lines as they say', () => {
      const bytes = probe().encode({ type: 'offers', lines: lines(3) });
      for (const count of [0, 1, 2, 4, 100, 101, 2 ** 31, 2 ** 32 - 1]) {
        bytes.writeUInt32LE(count, HEADER_BYTES);
        refusalOf(bytes);
      }
    });
  });

  describe('lists of what is held', () => {
    const held = (count: number, cells?: Buffer): WireMessage => ({
      type: 'held',
      lines: Array.from({ length: count }, (_, index) => heldLine(BigInt(index), cells)),
    });
    const whole = Buffer.alloc(MAX_CELLS, 255);

    it('have up to 40 lines, and fit a packet with all the cells there may be', () => {
      const message = held(MAX_HELD_LINES, whole);
      const bytes = probe().encode(message);
      expect(bytes.length).to.be.at.most(MAX_PACKET_BYTES);
      expect(probe().decode(bytes)).to.deep.equal(message);
      refusalOf(probe().encode(held(MAX_HELD_LINES + 1)));
    });

    it('have as many lines as they say', () => {
      const bytes = probe().encode(held(3));
      for (const count of [0, 1, 2, 4, 40, 41, 2 ** 31, 2 ** 32 - 1]) {
        bytes.writeUInt32LE(count, HEADER_BYTES);
        refusalOf(bytes);
      }
    });

    it('have up to 64 cells a line, or none', () => {
      for (const cells of [whole, Buffer.alloc(0)]) {
        expect(probe().decode(probe().encode(held(1, cells)))).to.deep.equal(held(1, cells));
      }
      refusalOf(probe().encode(held(1, Buffer.alloc(MAX_CELLS + 1))));
    });

    it('know two ways to transfer and three to page', () => {
      const kinds = HEADER_BYTES + 4 + 3 * 8 + 2 * 4;
      for (const [offset, unknown] of [
        [kinds, 2],
        [kinds, 255],
        [kinds + 1, 3],
        [kinds + 1, 255],
      ] as const) {
        const bytes = probe().encode(held(1));
        bytes.writeUInt8(unknown, offset);
        refusalOf(bytes);
      }
    });
  });

  it(`gives an error or a message for any bytes, and a message keeps its length (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    let messages = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = mutate(probe().encode(random.pick(EXAMPLES)[0]), random);
      const result = probe().decode(bytes);
      if (isError(result)) {
        if (result.code !== Code.Protocol || result.message === '') expect.fail(`round ${round}: ${result.code}`);
      } else {
        messages++;
        const again = probe().encode(result).length;
        if (again !== bytes.length) expect.fail(`round ${round}: ${bytes.toString('hex')} became ${again} bytes`);
      }
    }
    expect(messages).to.be.greaterThan(100);
  });

  it(`gives an error for noise (seed ${runSeed})`, () => {
    const random = new Random(runSeed);
    for (let round = 0; round < 5000; round++) {
      refusalOf(Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256))));
    }
  });
});

function mutate(bytes: Buffer, random: Random): Buffer {
  const changed = Buffer.from(bytes);
  for (let times = random.below(3); times >= 0; times--) {
    changed[random.below(changed.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
  }
  const length = random.below(changed.length + 1);
  return random.below(4) === 0 ? changed.subarray(0, length) : changed;
}
