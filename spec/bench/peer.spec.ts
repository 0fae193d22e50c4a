import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FILLING } from '../../bench/filling.js';
import { canBuildPeer, compilerCommand } from '../../bench/peers/build.js';
import { Peer } from '../../bench/peers/peer.js';
import { needs, requires } from '../support/requires.js';

const MIB = 1 << 20;
const UNIT = 65_536;

describe('a peer in C', () => {
  it('answers each line with numbers, in order', async () => {
    await using peer = new Peer('crossover', ['65536']);
    const answers = await Promise.all([peer.ask('copy', 4096, 1), peer.ask('map', 65536, 1)]);
    expect(answers.map((numbers) => numbers.length)).to.deep.equal([1, 1]);
    for (const [nanoseconds] of answers) expect(nanoseconds).to.be.greaterThan(0);
  });

  it('that ends instead of answering gives an error, not a figure', async () => {
    await using peer = new Peer('crossover', ['4096']);
    let error: unknown;
    await peer.ask('teleport', 4096, 1).catch((reason: unknown) => (error = reason));
    expect(error).to.be.an('error').with.property('message').that.contains("instead of answering 'teleport 4096 1'");
  });

  it('supply: brings units when they are touched, by the bare exchange', async function () {
    requires(this, needs.fullUserfault);
    await using peer = new Peer('supply', [String(8 * MIB)]);
    for (let round = 0; round < 2; round++) {
      const [p50 = 0, p90 = 0, p99 = 0] = await peer.ask(UNIT, 100);
      expect(p50).to.be.greaterThan(0);
      expect([p50, p90, p99]).to.deep.equal([p50, p90, p99].sort((a, b) => a - b));
    }
  });

  it('placing: places, installs and reads a file', async function () {
    requires(this, needs.fullUserfault);
    const folder = mkdtempSync(join(tmpdir(), 'vmoffer-placing-'));
    try {
      const path = join(folder, 'data');
      writeFileSync(path, Buffer.alloc(MIB, FILLING));
      await using peer = new Peer('placing', [String(MIB), path]);
      for (const threads of [1, 2]) expect((await peer.ask(threads, UNIT))[0]).to.be.greaterThan(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('fuse: brings the bytes of a mapped file, and unmounts it', async function () {
    const libfuse = {
      what: 'libfuse3',
      remedy: 'apt install libfuse3-dev pkg-config',
      isMet: () => canBuildPeer('fuse'),
    };
    requires(this, libfuse, needs.fuse);
    const mounts = () => readFileSync('/proc/self/mounts', 'utf8').includes('vmoffer-bench');
    {
      await using peer = new Peer('fuse', [String(8 * MIB)]);
      const [p50] = await peer.ask('touch', UNIT, 100);
      const [ms] = await peer.ask('read', UNIT);
      for (const value of [p50, ms]) expect(value).to.be.greaterThan(0);
      expect(mounts()).to.be.true;
    }
    expect(mounts()).to.be.false;
  });

  it('is built by the compiler in CC, with the arguments in CC', () => {
    const { CC } = process.env;
    try {
      process.env['CC'] = 'ccache gcc';
      expect(compilerCommand(['-c'])).to.deep.equal(['ccache', ['gcc', '-c']]);
      delete process.env['CC'];
      expect(compilerCommand(['-c'])).to.deep.equal(['cc', ['-c']]);
    } finally {
      if (CC !== undefined) process.env['CC'] = CC;
    }
  });
});
