import { expect } from 'chai';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { promisify } from 'node:util';
import { allocate, vmClaimSync, vmOffer, VMO_GRANT_R } from 'vmoffer';
import { until } from './support/barriers.js';
import { startFixture } from './support/child.js';
import { leaksBetween, takeCensus, type Census } from './support/census.js';
import { descriptorKinds, openDescriptors } from './support/fds.js';
import { allMappings, mappingAt, objectMappings } from './support/mappings.js';
import { collectGarbage } from './support/garbage.js';
import { isLeakCheckInForce } from './support/leak-check.js';
import { differenceFromPages, expectPages, fillPages, isZeroed, PAGE } from './support/pages.js';
import { projectRoot } from './support/project.js';
import { childrenOfThisProcess, isLiving, markDescendants } from './support/processes.js';
import { Random } from './support/random.js';
import { requires } from './support/requires.js';
import { presentCount, presentRuns, runsOf } from './support/residency.js';
import { brokerSockets, brokerSocketsOf } from './support/sockets.js';
import { restlessThreads, threadNames } from './support/threads.js';

/** Returns the growth since the earlier census. */
function leakSince(before: Census, mark = ''): string[] {
  return leaksBetween(before, takeCensus(mark));
}

describe('the test harness', () => {
  describe('counting descriptors', () => {
    it('sees a descriptor that is left open, and its kind', () => {
      const before = takeCensus('');
      const descriptor = openSync('/dev/zero', 'r');
      expect(openDescriptors().get(descriptor)).to.equal('/dev/zero');
      expect(leakSince(before)).to.deep.equal(['1 × descriptor /dev/zero']);
      closeSync(descriptor);
      expect(leakSince(before)).to.deep.equal([]);
    });

    it('does not count itself, however often it counts', () => {
      const counts = Array.from({ length: 20 }, () => [...descriptorKinds()]);
      for (const count of counts) expect(count).to.deep.equal(counts[0]);
    });

    it('sees a second one of a kind', async () => {
      const before = takeCensus('');
      const server = createServer().listen(`\0vmoffer-harness-${process.pid}`);
      await once(server, 'listening');
      expect(leakSince(before)).to.include('1 × descriptor socket');
      server.close();
      await once(server, 'close');
      expect(leakSince(before)).to.deep.equal([]);
    });
  });

  describe('counting mappings', () => {
    it('sees a region that is not released, and the descriptor of its object', () => {
      const before = takeCensus('');
      const region = allocate(PAGE);
      expect(leakSince(before)).to.include('1 mappings of memory objects');
      expect(leakSince(before)).to.include('1 × descriptor /memfd:vmoffer (deleted)');
      expect(mappingAt(region.address)).to.include({ address: region.address, permissions: 'rw-s' });
      region.release();
      expect(objectMappings().length).to.equal(before.mappings);
      expect(mappingAt(region.address)?.name ?? '').not.to.include('memfd:vmoffer');
    });

    it('reads every line of the kernel', () => {
      expect(allMappings().some(({ name }) => name === '[stack]')).to.be.true;
      for (const { address, end } of allMappings()) expect(end > address).to.be.true;
    });
  });

  describe('counting processes', () => {
    it('sees a child, and a grandchild whose parent is gone', async () => {
      const mark = markDescendants();
      const before = takeCensus(mark);
      const child = spawn('sh', ['-c', 'sleep 1000 & echo $!'], { stdio: ['ignore', 'pipe', 'ignore'] });
      const [output] = (await once(child.stdout, 'data')) as [Buffer];
      const grandchild = Number(output.toString());
      await until('the child has gone', () => !childrenOfThisProcess().includes(child.pid ?? 0));
      expect(leakSince(before, mark)).to.include(`process ${grandchild}`);
      process.kill(grandchild, 'SIGKILL');
      await until('the grandchild has gone', () => !isLiving(grandchild));
      expect(leakSince(before, mark).join()).not.to.include('process');
      child.stdout.destroy();
    });
  });

  describe('counting threads and sockets', () => {
    it("sees the threads of the library and its broker's address, once it is used", () => {
      using region = allocate(PAGE);
      vmOffer(process.pid, region, VMO_GRANT_R).cancel();
      expect(threadNames()).to.include('vmo-broker');
      const sockets = brokerSocketsOf(process.pid);
      expect(sockets).to.have.length.of.at.least(1);
      expect(sockets[0]?.address).to.match(new RegExp(`^vmoffer/\\d+/${process.pid}/\\d+$`));
      expect(brokerSockets().length).to.be.at.least(sockets.length);
    });

    it('sees a thread that is awake', () => {
      expect(restlessThreads(process.pid)).to.include(readFileSync('/proc/self/comm', 'utf8').trimEnd());
    });

    it('names each surplus thread and socket', () => {
      const census = takeCensus('');
      const more = { ...census, threads: new Map([...census.threads, ['stray', 2]]), sockets: ['vmoffer/1/2/3'] };
      expect(leaksBetween(census, more)).to.deep.equal(['2 × thread stray', 'socket vmoffer/1/2/3']);
    });
  });

  describe('reading the page table', () => {
    it('sees which pages were touched, and no other', () => {
      using region = allocate(64 * PAGE);
      expect(presentRuns(region.address, region.byteLength)).to.deep.equal([]);
      for (const page of [3, 40]) region.view(page * PAGE, 1)[0] = 1;
      expect(presentRuns(region.address, region.byteLength)).to.deep.equal([
        { firstPage: 3, pageCount: 1 },
        { firstPage: 40, pageCount: 1 },
      ]);
    });

    it('counts more pages than one read of the kernel gives', () => {
      using region = allocate(20_000 * PAGE);
      for (const page of [0, 8191, 8192, 19_999]) region.view(page * PAGE, 1)[0] = 1;
      expect(presentCount(region.address, region.byteLength)).to.equal(4);
    });

    it('makes runs of neighbours', () => {
      expect(runsOf([true, true, false, true])).to.deep.equal([
        { firstPage: 0, pageCount: 2 },
        { firstPage: 3, pageCount: 1 },
      ]);
    });
  });

  describe('tagged pages', () => {
    const pages = () => {
      const view = new Uint8Array(4 * PAGE);
      fillPages(view, 7, 100);
      return view;
    };

    it('are recognized, whole and in part', () => {
      expect(differenceFromPages(pages(), 7, 100)).to.equal(undefined);
      expect(differenceFromPages(pages().subarray(2 * PAGE), 7, 102)).to.equal(undefined);
    });

    it('show a wrong byte, wherever it is', () => {
      for (const at of [0, 9, PAGE - 1, PAGE, 3 * PAGE + 2047, 4 * PAGE - 1]) {
        const view = pages();
        view[at] = (view[at] ?? 0) ^ 1;
        expect(differenceFromPages(view, 7, 100), String(at)).to.include(`page ${100 + Math.floor(at / PAGE)},`);
      }
    });

    it('show a misplaced page, a page of another seed, and a missing page', () => {
      expect(differenceFromPages(pages(), 7, 101))
        .to.include('page 101')
        .and.to.include('here is page 100 of seed 7');
      expect(differenceFromPages(pages(), 8, 100)).to.include('of seed 7');
      const view = pages();
      view.fill(0, PAGE, 2 * PAGE);
      expect(differenceFromPages(view, 7, 100)).to.equal('page 101, byte 0: the page begins with zeros');
      expect(() => {
        expectPages(view, 7, 100);
      }).to.throw('page 101');
    });

    it('differ from each other', () => {
      const heads = new Set(
        Array.from({ length: 4 }, (_, page) =>
          pages()
            .subarray(page * PAGE + 8, page * PAGE + 64)
            .join(),
        ),
      );
      expect(heads.size).to.equal(4);
    });

    it('are not zeros', () => {
      expect(isZeroed(pages())).to.be.false;
      expect(isZeroed(new Uint8Array(PAGE))).to.be.true;
    });
  });

  describe('a barrier', () => {
    it('opens when its condition holds, and fails with its name if that never happens', async () => {
      let looks = 0;
      await until('three looks', () => ++looks === 3);
      expect(looks).to.equal(3);
      const error: unknown = await until('the sea is dry', () => false, 20).catch((reason: unknown) => reason);
      expect(String(error)).to.include('until the sea is dry');
    });
  });

  describe('a hostile program', () => {
    it('prints whole lines, however many of its threads print', async () => {
      const program = [
        'import sys, threading',
        `sys.path.insert(0, 'fixtures/hostile')`,
        'from wire import tell',
        'def speak(): [tell("word", number) for number in range(500)]',
        'threads = [threading.Thread(target=speak) for _ in range(8)]',
        '[thread.start() for thread in threads]',
        '[thread.join() for thread in threads]',
      ].join('\n');
      const { stdout } = await promisify(execFile)('python3', ['-B', '-c', program], { cwd: projectRoot });
      const said = stdout.trimEnd().split('\n');
      expect(said).to.have.length(8 * 500);
      for (const line of said) expect((JSON.parse(line) as { event: string }).event).to.equal('word');
    });
  });

  describe('a need that is not met', () => {
    const contextOf = (title: string, skip: () => void) =>
      ({ skip, runnable: () => ({ title }) }) as unknown as Mocha.Context;

    it('does not belong in a beforeEach hook, because afterEach hooks would run all the same', () => {
      const context = contextOf('"before each" hook for "the night"', () => expect.fail('it skips'));
      expect(() => {
        requires(context, { what: 'a moon', remedy: '', isMet: () => false });
      }).to.throw('belongs in a before() hook, not in "before each" hook for "the night"');
    });

    it('skips the spec, and reports what would make it run', () => {
      let skipped = 0;
      const context = contextOf('"before all" hook', () => skipped++);
      const lines = printedBy(() => {
        requires(context, { what: 'a moon', remedy: 'wait for the night', isMet: () => false });
        requires(context, { what: 'a sun', remedy: '', isMet: () => true });
      });
      expect(skipped).to.equal(1);
      expect(lines).to.have.length(1);
      expect(lines[0]).to.include('a moon').and.to.include('wait for the night');
    });
  });

  describe('a run', () => {
    it('is watched by the leak check', () => {
      expect(isLeakCheckInForce()).to.be.true;
    });

    for (const [leak, line] of [
      ['descriptor', /^1 × descriptor \/dev\/zero$/],
      ['region', /^1 mappings of memory objects$/],
      ['process', /^process \d+$/],
    ] as const) {
      it(`fails for a ${leak} that it leaves behind`, async () => {
        await using child = await startFixture('leaks', { args: [leak] });
        const found = await child.event<string[]>('found');
        expect(found.filter((entry) => line.test(entry))).to.have.lengthOf(1);
        for (const pid of found.flatMap((entry) => /^process (\d+)/.exec(entry)?.[1] ?? [])) process.kill(Number(pid));
      });
    }

    it('does not fail when it leaves nothing behind', async () => {
      await using child = await startFixture('leaks', { args: ['nothing'] });
      expect(await child.event('found')).to.deep.equal([]);
    });

    it('ends when it has finished, and reports what would have kept it alive', async () => {
      await using child = await startFixture('stays');
      const { signal, stderr } = await child.ended;
      expect(stderr).to.include('something keeps the process alive: worker threads: 1');
      expect(signal).to.equal('SIGKILL');
    });
  });

  it('repeats its random numbers with the same seed', () => {
    const [one, two, other] = [new Random(5), new Random(5), new Random(6)];
    const numbers = (random: Random) => Array.from({ length: 100 }, () => random.below(1000));
    const first = numbers(one);
    expect(numbers(two)).to.deep.equal(first);
    expect(numbers(other)).not.to.deep.equal(first);
    expect(new Set(first).size).to.be.greaterThan(50);
  });

  it('keeps nothing of a claim that it has made and released', async () => {
    collectGarbage(); // or what others have left goes while this counts
    const before = takeCensus('');
    const region = allocate(PAGE);
    const offer = vmOffer(process.pid, region, VMO_GRANT_R);
    const claim = vmClaimSync(process.pid, offer.address);
    // The source has one more while it sends.
    await until('each side has its descriptor', () =>
      leakSince(before).join().includes('2 × descriptor /memfd:vmoffer'),
    );
    claim.release();
    region.release();
    await offer.released;
    await until('its descriptors are closed', () => leakSince(before).length === 0);
  });
});

function printedBy(action: () => void): string[] {
  const lines: string[] = [];
  const print = console.log;
  console.log = (line: string) => lines.push(line);
  try {
    action();
  } finally {
    console.log = print;
  }
  return lines;
}
