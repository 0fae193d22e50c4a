import { expect } from 'chai';
import { lackOf } from '#ts/loading/lack.js';

const FILE = 'prebuilds/linux-x64.node';

function lackAfter(message: string) {
  return lackOf([
    { file: 'build/Release/vmoffer.node' },
    { file: FILE, failure: { code: 'ERR_DLOPEN_FAILED', message, machine: 'x64' } },
  ]);
}

describe('the missing resource when the addon was loaded', () => {
  for (const message of [
    `${FILE}: cannot open shared object file: Too many open files`,
    `${FILE}: cannot open shared object file: Too many open files in system`,
    `EMFILE: too many open files, open '${FILE}'`,
  ]) {
    it(`is a descriptor: ${message}`, () => {
      const lack = lackAfter(message);
      expect(lack?.code).to.equal('ERR_VMO_TOO_MANY');
      expect(lack?.message).to.include(message).and.include('ulimit -n');
    });
  }

  it('is memory', () => {
    const lack = lackAfter(`${FILE}: cannot map zero-fill pages: Cannot allocate memory`);
    expect(lack?.code).to.equal('ERR_VMO_NO_MEMORY');
  });

  for (const message of [
    `${FILE}: cannot allocate memory in static TLS block`,
    `${FILE}: failed to map segment from shared object`,
    "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.99' not found",
  ]) {
    it(`is nothing: ${message}`, () => {
      expect(lackAfter(message)).to.equal(undefined);
    });
  }
});
