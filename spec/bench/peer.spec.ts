import { expect } from 'chai';
import { compilerCommand } from '../../bench/peers/build.js';
import { Peer } from '../../bench/peers/peer.js';

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
