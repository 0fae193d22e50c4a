import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { runProgram } from '../support/program.js';
import { needs, requires } from '../support/requires.js';
import { requireNatsServer } from './support/nats-server.js';

/** A table of 320 MB, and a gigabyte on each of two hosts. */
const GIB_NEEDED = 4;

describe('two hosts, by network namespaces', function () {
  this.timeout(240_000);

  before(function () {
    requires(this, needs.root);
    requires(this, needs.fullUserfault);
    requires(this, {
      what: 'two network namespaces, made by ip netns',
      remedy: 'apt install iproute2, and run the specs where root may mount',
      isMet: () => canMakeNamespaces(),
    });
    requires(this, {
      what: `${GIB_NEEDED} GiB of memory`,
      remedy: 'give the machine or the container more',
      isMet: () => process.availableMemory() > GIB_NEEDED * 2 ** 30,
    });
    requireNatsServer(this);
  });

  it('read a column of four for at most 1.2 times its bytes, and hand off a gigabyte', async () => {
    const { code, output, errors } = await runProgram('node out/js/demo/main.js remote');
    expect(code, errors).to.equal(0);
    expect(output).to.match(/have crossed the cable, for a column of 80 MB in a table of 320 MB/);
    expect(output).to.match(/its checksum [0-9a-f]{8} is the same on both hosts/);
    expect(spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' }).stdout).to.not.include('vmoffer-');
  });
});

function canMakeNamespaces(): boolean {
  const name = `vmoffer-probe-${process.pid}`;
  const { status } = spawnSync('ip', ['netns', 'add', name]);
  spawnSync('ip', ['netns', 'del', name]);
  return status === 0;
}
