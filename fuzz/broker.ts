/**
 * npm run fuzz -- broker: a hostile peer sends anything on many connections, with descriptors, while an honest one claims and is
 * claimed from. After each batch an honest claim must work, and the victim must hold what it held before.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { allocate, vmClaim, vmOffer, VmoError, VMO_DISOWN, VMO_DROP_W, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { startHostile, type Child } from '../spec/support/child.js';
import { startObedient, type Obedient } from '../spec/support/obedient.js';
import { expectPages, fillPages, PAGE } from '../spec/support/pages.js';
import type { Random } from '../spec/support/random.js';
import { runBatches } from './batches.js';
import { backTo, weightOf, type Weight } from './weight.js';

const folder = join('out', 'fuzz', 'broker');
const PAGES = 4;
const OFFERS = 6;
const ROUNDS = 5;
const STEPS = 120;
const HONEST_PATIENCE_MS = 10_000;
const R = VMO_GRANT_R;
const RW = VMO_GRANT_R | VMO_GRANT_W;
const FLAGS = [R, RW, R | VMO_DROP_W, RW | VMO_DISOWN];

let victim: Obedient;
let before: Weight;

async function startVictim(): Promise<void> {
  victim = await startObedient();
  // Makes the library start what it keeps, its pager included, and Node open what it keeps for messages, before the first count.
  for (let times = 0; times < 3; times++) await claimHonestly(times);
  const page = await victim.call('allocate', PAGES, 0);
  await victim.call('offerPages', process.pid, page.region, 0, 1, R);
  (await vmClaim(victim.pid, page.address)).release();
  await victim.call('release', page.region);
  await victim.call('list');
  before = weightOf(victim.pid);
}

/** This process claims memory of the victim, and the victim claims memory of this process. */
async function claimHonestly(seed: number): Promise<void> {
  const theirs = await victim.call('allocate', PAGES, seed);
  await victim.call('offer', process.pid, theirs.region, R);
  const claim = await vmClaim(victim.pid, theirs.address, { timeoutMs: HONEST_PATIENCE_MS });
  expectPages(claim.view(), seed);
  claim.release();
  await victim.call('release', theirs.region);
  using ours = allocate(PAGES * PAGE);
  fillPages(ours.view(), seed);
  const offer = vmOffer(victim.pid, ours, R);
  const taken = await victim.call('claim', process.pid, ours.address, { timeoutMs: HONEST_PATIENCE_MS });
  const difference = await victim.call('difference', taken.region, seed);
  if (difference !== undefined) throw new Error(`an honest claim has other pages: ${difference}`);
  await victim.call('release', taken.region);
  await offer.released;
}

/** The victim claims from the hostile peer. That may fail with any code, but it must end in time. */
async function claimFromHostile(pid: number, address: bigint): Promise<void> {
  try {
    const { region } = await victim.call('claim', pid, address, { timeoutMs: 300 });
    await victim.call('release', region);
  } catch (error) {
    if (!(error instanceof VmoError)) throw error;
  }
}

async function offerToHostile(random: Random, hostile: Child): Promise<bigint[]> {
  const addresses: bigint[] = [];
  for (let at = 0; at < OFFERS; at++) {
    const { region, address } = await victim.call('allocate', PAGES, at);
    const isPart = random.below(3) === 0;
    if (isPart) await victim.call('offerPages', hostile.pid, region, 0, 2, random.pick(FLAGS));
    else await victim.call('offer', hostile.pid, region, random.pick(FLAGS));
    await victim.call('release', region);
    addresses.push(address);
  }
  return addresses;
}

async function runBatch(random: Random, batch: number): Promise<void> {
  const log = join(folder, `${process.pid}-${batch}.jsonl`);
  const ended = victim.ended.then(({ code, signal, stderr }) => {
    throw new Error(
      `the victim has ended with code ${code}, signal ${signal}; what was done to it is in ${log}\n${stderr}`,
    );
  });
  ended.catch(() => undefined);
  const attack = async () => {
    await using hostile = await startHostile('fuzzer', [victim.pid, log]);
    for (let round = 0; round < ROUNDS; round++) {
      const addresses = await offerToHostile(random, hostile);
      hostile.say([random.below(2 ** 31), STEPS, ...addresses].join(' '));
      const work = [claimHonestly(random.below(1000)), claimFromHostile(hostile.pid, addresses[0] ?? 0n)];
      await Promise.all([hostile.event('done'), ...work, victim.call('list')]);
    }
  };
  const judged = async () => {
    await attack();
    await claimHonestly(batch);
    await backTo(before, victim.pid);
  };
  await Promise.race([judged(), ended]).catch((error: unknown) => {
    throw new Error(`what was done is in ${log}`, { cause: error });
  });
  rmSync(log);
}

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await startVictim();
  const code = await runBatches('broker', runBatch);
  await victim[Symbol.asyncDispose]();
  process.exit(code);
}

void main();
