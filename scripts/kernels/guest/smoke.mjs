// Tries every operation once between two processes. Prints a line for each: `ok NAME`, or `FAILED NAME: why`; at last `ok all`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as vmoffer from '../../../dist/index.js';

const { allocate, capabilities, Channel, supply, vmClaim, vmOffer } = vmoffer;
const { VMO_GRANT_R: R, VMO_GRANT_W: W, VMO_GRANT_X: X, VMO_DROP_W: DROP_W, VMO_DISOWN: DISOWN } = vmoffer;

const PAGE = 4096;
const PAGES = 700;
const PART = { first: 64, count: 512 };
const MESSAGES = 500;
/** Of supplied memory, the place where its supplier fails. */
const HOLE = { offset: 512 * 1024, byteLength: 64 * 1024 };
const LIMIT_MS = 300_000;

function fill(view, seed) {
  for (let at = 0; at < view.length; at += 512) view[at] = (at / 512) * 7 + seed;
}

function check(view, seed) {
  for (let at = 0; at < view.length; at += 512) {
    if (view[at] !== (((at / 512) * 7 + seed) & 255)) throw new Error(`byte ${at} is wrong`);
  }
}

const inClaimer = {
  async claim({ address, options = {}, seed, writes, prefetches }) {
    const claim = await vmClaim(process.ppid, address, options);
    if (prefetches) await claim.prefetch();
    check(claim.view(), seed);
    if (writes) fill(claim.view(), seed + 1);
    const { immutable } = claim;
    claim.release();
    return { immutable };
  },
  async ensure({ address, seed }) {
    const claim = await vmClaim(process.ppid, address);
    const pin = await claim.ensure(0, HOLE.offset);
    check(claim.view(0, HOLE.offset), seed);
    pin.release();
    const { code } = await claim.ensure(HOLE.offset, 1).catch((error) => error);
    claim.release();
    return { code };
  },
  async receive() {
    const channel = await Channel.accept(process.ppid);
    let count = 0;
    for await (const { bytes } of channel) count += Number(bytes.length > 0);
    return { count };
  },
};

/** The other process. After a crash it is started again. */
class Claimer {
  #child;
  #ended;

  async start() {
    if (this.#child?.connected && this.#child.exitCode === null && this.#child.signalCode === null) return;
    this.#child = fork(fileURLToPath(import.meta.url), ['claimer'], { serialization: 'advanced' });
    this.#ended = once(this.#child, 'exit').then(([code, signal]) => {
      throw new Error(`the claimer has ended by ${signal ?? code}`);
    });
    this.#ended.catch(() => undefined);
    await Promise.race([once(this.#child, 'message'), this.#ended]);
  }

  get pid() {
    return this.#child.pid;
  }

  async ask(command, rest = {}) {
    this.#child.send({ command, ...rest });
    const [answer] = await Promise.race([once(this.#child, 'message'), this.#ended]);
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  end() {
    this.#child.disconnect();
  }
}

function isSuppliable() {
  try {
    supply(PAGE, { supplier: () => undefined }).release();
    return true;
  } catch (error) {
    if (error.code !== 'ERR_VMO_UNSUPPORTED') throw error;
    return false;
  }
}

async function runAll() {
  const limit = setTimeout(() => {
    console.log('FAILED all: it hangs');
    process.exit(1);
  }, LIMIT_MS);
  const claimer = new Claimer();
  for (const [name, work] of Object.entries(checksOf(claimer))) {
    await claimer.start();
    await work().then(
      () => console.log(`ok ${name}`),
      ({ message }) => console.log(`FAILED ${name}: ${message}`),
    );
  }
  clearTimeout(limit);
  claimer.end();
  console.log('ok all');
}

function checksOf(claimer) {
  async function hand({ flags, part, memory = {}, region = allocate(PAGES * PAGE, memory), ...how }) {
    if (!region.filled) fill(region.view(), 5);
    const range = part ? region.range(PART.first * PAGE, PART.count * PAGE) : region;
    const seed = part ? 5 + PART.first * 8 * 7 : 5;
    const offer = vmOffer(claimer.pid, range, flags);
    const answer = await claimer.ask('claim', { address: offer.address, seed, ...how });
    if (how.writes) check(region.view(), 6);
    if ((flags & DISOWN) === DISOWN && !part && !region.disowned) throw new Error('it is not disowned');
    await offer.released;
    return { region, ...answer };
  }
  /** Makes memory immutable by a first hand-over, then hands it over as `how` says. */
  async function immutable(how) {
    const { region, immutable } = await hand({ flags: R | DROP_W });
    if (!immutable) throw new Error('it is not immutable');
    await hand({ ...how, region: Object.assign(region, { filled: true }) });
  }
  const lists = async () => {
    const offer = vmOffer(claimer.pid, allocate(PAGE), R);
    const found = await vmoffer.vmListOffer();
    offer.cancel();
    if (!found.some(({ address }) => address === offer.address)) throw new Error('the offer is not listed');
  };
  const channel = async () => {
    const received = claimer.ask('receive');
    const opened = await Channel.open(claimer.pid);
    for (let i = 1; i <= MESSAGES; i++) await opened.send(Buffer.alloc((i % 3000) + 1, i));
    await opened.send(allocate(2 ** 20), R | W | DISOWN);
    opened.close();
    const { count } = await received;
    if (count !== MESSAGES + 1) throw new Error(`${count} messages arrived`);
  };
  async function supplied(flaw, work) {
    const options = { unit: HOLE.byteLength, timeoutMs: LIMIT_MS / 2 };
    const region = supply(2 * HOLE.offset, { ...options, supplier: ({ offset }, into) => bring(offset, into, flaw) });
    const offer = vmOffer(claimer.pid, region, R);
    await work(offer.address);
    await offer.released;
    region.release();
  }
  function bring(offset, into, flaw) {
    if (offset === flaw) throw new Error('it has a flaw');
    fill(into, 5 + (offset / 512) * 7);
  }
  async function fails(address) {
    const { code } = await claimer.ask('ensure', { address, seed: 5 });
    if (code !== 'ERR_VMO_SUPPLY') throw new Error(`ensure() rejects with ${code}`);
  }
  const userfault = capabilities().list.find(({ name }) => name === 'page faults').available;
  const paged = userfault ? { 'paged by userfault': () => hand({ flags: R, options: { paging: 'userfault' } }) } : {};
  const touched = (address) => claimer.ask('claim', { address, seed: 5 });
  const failing = userfault ? { 'supplied memory with a flaw': () => supplied(HOLE.offset, fails) } : {};
  const suppliable = isSuppliable() ? { 'supplied memory': () => supplied(undefined, touched), ...failing } : {};
  const pulled = { transfer: 'pull' };
  const eagerly = { transfer: 'pull', paging: 'eager' };
  return {
    'granted R': () => hand({ flags: R }),
    'granted R and W': () => hand({ flags: R | W, writes: true }),
    ...paged,
    'paged by the kernel': () => hand({ flags: R, options: { paging: 'kernel' } }),
    eager: () => hand({ flags: R, options: { paging: 'eager' } }),
    prefetched: () => hand({ flags: R, prefetches: true }),
    'executable memory': () => hand({ flags: R | X, memory: { executable: true } }),
    'huge pages': () => hand({ flags: R | W, memory: { hugePages: true }, writes: true }),
    disowned: () => hand({ flags: R | W | DISOWN }),
    'pulled and disowned': () => hand({ flags: R | W | DISOWN, options: pulled }),
    'pulled and disowned at once': () => hand({ flags: R | W | DISOWN, options: eagerly }),
    'a part': () => hand({ flags: R | W, part: true }),
    'a part, disowned': () => hand({ flags: R | W | DISOWN, part: true }),
    'immutable memory': () => immutable({ flags: R }),
    'immutable memory in part': () => immutable({ flags: R, part: true }),
    'immutable memory in part, pulled': () => immutable({ flags: R, part: true, options: pulled }),
    'immutable memory, disowned': () => immutable({ flags: R | DISOWN }),
    'immutable memory, pulled and disowned': () => immutable({ flags: R | DISOWN, options: pulled }),
    'immutable memory, pulled and disowned at once': () => immutable({ flags: R | DISOWN, options: eagerly }),
    'a list': lists,
    'a channel': channel,
    ...suppliable,
  };
}

if (process.argv[2] === 'claimer') {
  process.on('message', async ({ command, ...rest }) => {
    const answer = await inClaimer[command](rest).catch(({ message }) => ({ error: message }));
    process.send(answer);
  });
  process.send('ready');
} else {
  await runAll();
}
