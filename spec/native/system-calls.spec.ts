import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { allocate, VMO_GRANT_W, type Claim, type Region } from 'vmoffer';
import { claimOwn } from '../support/own-claim.js';
import { expectPages, fillPages, PAGE } from '../support/pages.js';

const BYTES = 300 * PAGE;

describe('untouched pages of a claim, used by the system and by Node', () => {
  let source: Region;
  let original: Buffer;
  let claim: Claim;

  beforeEach(() => {
    source = allocate(BYTES);
    fillPages(source.view(), 6);
    original = Buffer.from(source.buffer);
    claim = claimOwn(source);
  });

  afterEach(() => {
    claim.release();
    source.release();
  });

  it('can be written to a descriptor', () => {
    const sink = openSync('/dev/null', 'w');
    expect(writeSync(sink, Buffer.from(claim.buffer))).to.equal(BYTES);
    closeSync(sink);
  });

  it('can be read into, if they may be written', () => {
    using written = claimOwn(source, VMO_GRANT_W);
    const zeros = openSync('/dev/zero', 'r');
    expect(readSync(zeros, Buffer.from(written.buffer), 0, BYTES, null)).to.equal(BYTES);
    closeSync(zeros);
    expect(source.view().every((byte) => byte === 0)).to.be.true;
  });

  it('can be hashed', () => {
    const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
    expect(digest(claim.view())).to.equal(digest(Buffer.from(original)));
  });

  it('can be compressed', () => {
    expect(inflateRawSync(deflateRawSync(claim.view(), { level: 1 })).equals(original)).to.be.true;
  });

  it('can be compared', () => {
    expect(Buffer.compare(claim.view(), original)).to.equal(0);
  });

  it('can be cloned, which copies them', () => {
    const clone = structuredClone(claim.view());
    expect(Buffer.from(clone.buffer).equals(original)).to.be.true;
    clone.fill(0);
    expect(Buffer.from(claim.buffer).equals(original)).to.be.true;
  });
});

describe('a region that a program tries to transfer', () => {
  it('is copied or refused, and stays whole', () => {
    using region = allocate(4 * PAGE);
    fillPages(region.view(), 8);
    const { buffer } = region;
    const clone = transferred(buffer);
    expect(region.buffer).to.equal(buffer);
    expect(buffer.byteLength).to.equal(4 * PAGE);
    if (clone) expectPages(new Uint8Array(clone), 8);
    region.view().fill(1);
    if (clone) expectPages(new Uint8Array(clone), 8);
    expect(new Uint8Array(buffer)[4 * PAGE - 1]).to.equal(1);
  });
});

/** Undefined if Node refuses, as it does from 21 on. Checks the reason. */
function transferred(buffer: ArrayBuffer): ArrayBuffer | undefined {
  try {
    return structuredClone(buffer, { transfer: [buffer] });
  } catch (error) {
    expect((error as Error).name).to.equal('DataCloneError');
    return undefined;
  }
}
