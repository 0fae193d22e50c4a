import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { ELF_START_BYTES, interpreterOf, machineOf, mappedEndOf } from '#ts/loading/elf-file.js';
import { hasOtherLibc, isCutOff, readMachine } from '#ts/loading/read-elf.js';
import { PUBLISHED_ADDON } from '../../support/bare-package.js';
import { elfStart } from '../../support/elf.js';

describe('the start of an ELF file', () => {
  it("gives the processor Node's name for it", () => {
    expect(machineOf(elfStart(62))).to.equal('x64');
    expect(machineOf(elfStart(183))).to.equal('arm64');
  });

  it('gives a processor without a name by its number', () => {
    expect(machineOf(elfStart(7777))).to.equal('machine 7777');
  });

  it('is read in the order of its bytes', () => {
    const bytes = elfStart(0);
    bytes[5] = 2;
    bytes.writeUInt16BE(22, 18);
    expect(machineOf(bytes)).to.equal('s390x');
  });

  it('is no ELF file if it is too short or begins with something else', () => {
    expect(machineOf(elfStart(62).subarray(0, 63))).to.be.undefined;
    expect(machineOf(Buffer.from('#!/bin/sh\n'.repeat(20)))).to.be.undefined;
    expect(interpreterOf(Buffer.alloc(0))).to.be.undefined;
  });

  it('names the dynamic linker', () => {
    expect(interpreterOf(elfStart(62, '/lib/ld-musl-x86_64.so.1'))).to.equal('/lib/ld-musl-x86_64.so.1');
  });

  it('names no dynamic linker if there is none, or if it lies beyond the bytes', () => {
    expect(interpreterOf(elfStart(62))).to.be.undefined;
    expect(interpreterOf(elfStart(62, '/lib/ld-musl-x86_64.so.1').subarray(0, 0x208))).to.be.undefined;
  });

  it("of this program names this processor and glibc's linker", () => {
    const start = readFileSync('/proc/self/exe').subarray(0, ELF_START_BYTES);
    expect(machineOf(start)).to.equal(process.arch);
    expect(interpreterOf(start)).to.match(/\/ld-linux-/);
    expect(hasOtherLibc()).to.be.false;
  });

  it('is undefined for a file that does not exist', () => {
    expect(readMachine('/nowhere/at/all.node')).to.be.undefined;
    expect(isCutOff('/nowhere/at/all.node')).to.be.false;
  });

  it('gives the least length that the file must have', () => {
    expect(mappedEndOf(elfStart(62))).to.equal(0);
    const bytes = readFileSync(PUBLISHED_ADDON);
    expect(mappedEndOf(bytes.subarray(0, ELF_START_BYTES))).to.be.within(100_000, bytes.byteLength);
    expect(isCutOff(PUBLISHED_ADDON)).to.be.false;
  });
});
