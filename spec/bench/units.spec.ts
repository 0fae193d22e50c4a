import { expect } from 'chai';
import { formatRatioSpread, formatSpread, formatValue, GIB } from '../../bench/units.js';

describe("a bench's units", () => {
  it('writes times in the unit that suits them', () => {
    expect([0.000081, 0.0031, 0.0725, 12.34, 540, 6400].map((ms) => formatValue(ms))).to.deep.equal([
      '81 ns',
      '3.1 µs',
      '72.5 µs',
      '12.3 ms',
      '540 ms',
      '6.4 s',
    ]);
  });

  it('writes sizes and rates', () => {
    expect([5, 4096, 1.5 * GIB].map((bytes) => formatValue(bytes, 'bytes'))).to.deep.equal([
      '5 bytes',
      '4 KiB',
      '1.5 GiB',
    ]);
    expect([12, 50_000, 4.7e6].map((rate) => formatValue(rate, 'rate'))).to.deep.equal(['12 /s', '50 k/s', '4.7 M/s']);
  });

  it('writes a spread in the unit of its middle', () => {
    expect(formatSpread(0.9, 1.5, 2000)).to.equal('1.5 ms (0.9–2000)');
    expect(formatRatioSpread(1.1, 1.234, 1.5)).to.equal('1.23 × (1.1–1.5)');
  });

  it('leaves out a spread that is zero', () => {
    expect(formatSpread(4, 4, 4)).to.equal('4 ms');
  });

  it('says never instead of infinity', () => {
    expect(formatValue(Infinity, 'bytes')).to.equal('never');
    expect(formatSpread(4096, 8192, Infinity, 'bytes')).to.equal('8 KiB (4–never)');
  });

  it('shows enough digits for the memory target', () => {
    expect(formatRatioSpread(1.0003, 1.0003, 1.0003, 'bytes')).to.equal('1.0003 ×');
  });
});
