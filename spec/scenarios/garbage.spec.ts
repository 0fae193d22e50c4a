import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { startObedient, type Obedient } from '../support/obedient.js';
import { PAGE } from '../support/pages.js';
import { requires } from '../support/requires.js';
import { runs, withDescriptors } from '../support/wrappers.js';

const DESCRIPTORS = 150;
const FEW_DESCRIPTORS = withDescriptors(DESCRIPTORS);
const MANY = 4 * DESCRIPTORS;
const GIB = 2 ** 30;

describe('a process that releases nothing, with few file descriptors', () => {
  let child: Obedient;
  beforeEach(async () => {
    child = await startObedient({ wrapper: FEW_DESCRIPTORS });
  });
  afterEach(() => child[Symbol.asyncDispose]());

  it('allocates without end', async () => {
    await child.call('forgetRegions', MANY, PAGE, false);
  });

  it('allocates and looks at it without end', async () => {
    await child.call('forgetRegions', MANY, PAGE, true);
  });

  it('claims without end, in one turn of its event loop', async () => {
    await child.call('forgetClaims', MANY);
  });

  it('claims without end, in many turns', async () => {
    await child.call('forgetClaimsLater', MANY);
  });

  it('opens and accepts channels without end', async () => {
    await child.call('forgetChannels', DESCRIPTORS);
  });

  it('keeps the memory of every buffer that it has, although their regions are garbage', async () => {
    expect(await child.call('forgetRegionsOfBuffers', DESCRIPTORS / 3, MANY)).to.deep.equal([]);
  });

  it('gets ERR_VMO_TOO_MANY when it needs all that it has, and can go on when that is garbage', async () => {
    const first = await child.call('holdAll');
    expect(first.code).to.equal('ERR_VMO_TOO_MANY');
    await child.call('forgetHeld');
    const second = await child.call('holdAll');
    expect(second.code).to.equal('ERR_VMO_TOO_MANY');
    expect(second.count).to.be.closeTo(first.count, 5);
  });
});

describe('a process that releases nothing, with little address space', () => {
  before(function () {
    requires(this, runs(['prlimit', '--as=unlimited']));
  });

  it('allocates without end', async () => {
    await using child = await startObedient();
    await child.call('forgetRegions', 1, PAGE, true);
    const size = Number(/VmSize:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024;
    expect(spawnSync('prlimit', [`--pid=${child.pid}`, `--as=${size + 8.5 * GIB}:unlimited`]).status).to.equal(0);
    for (const isLookedAt of [false, true]) await child.call('forgetRegions', 64, GIB, isLookedAt);
  });
});
