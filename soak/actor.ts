// One of the processes of a soak: it offers memory to the others, claims theirs, and exchanges messages, until it must rest.
import { openSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { Channel, incomingOffers } from 'vmoffer';
import { serve, tell } from '../fixtures/support/serve.js';
import { collectGarbage } from '../spec/support/garbage.js';
import { Random } from '../spec/support/random.js';
import { burden, kindsOfDescriptors, type Burden } from './burden.js';
import type { Fault } from './faults.js';
import type { Scene, Work } from './scene.js';
import { within } from './within.js';
import { inspect, list } from './works/ask.js';
import {
  giveAndCancel,
  giveAndForget,
  giveAndRelease,
  giveParts,
  giveToSeveral,
  giveWhole,
  makeGarbage,
} from './works/give.js';
import { takeOwn, useThread } from './works/own.js';
import { take } from './works/take.js';
import { echo, talk } from './works/talk.js';

const AT_ONCE = 4;
/** Memory that is dropped without a release goes when it is collected, and its source waits for that. */
const COLLECT_MS = 500;

const WORKS: [work: Work, weight: number][] = [
  [giveWhole, 30],
  [giveToSeveral, 8],
  [giveParts, 8],
  [giveAndCancel, 10],
  [giveAndForget, 4],
  [giveAndRelease, 6],
  [makeGarbage, 10],
  [takeOwn, 8],
  [talk, 6],
  [list, 4],
  [inspect, 1],
  [useThread, 0.2],
];
const TOTAL_WEIGHT = WORKS.reduce((sum, [, weight]) => sum + weight, 0);

const scene: Scene = { random: new Random(0), peers: [], isSpoilt: false, lastTouched: 0, done: new Map() };
/** Each with its name. */
const underWay = new Map<Promise<void>, string>();
let isResting = true;
let operations = 0;
let fault: Fault | undefined;
let patienceMs = 0;
let failed = false;

function fail(error: unknown): void {
  if (failed) return;
  failed = true;
  tell('failed', error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** Keeps the work in `underWay` until it ends, and reports a failure. */
function attend(what: string, work: Promise<void>): Promise<void> {
  const attended = within(patienceMs, what, work)
    .then(() => {
      operations++;
    }, fail)
    .finally(() => underWay.delete(attended));
  underWay.set(attended, what);
  return attended;
}

function nextWork(): Work {
  let dice = scene.random.next() * TOTAL_WEIGHT;
  return WORKS.find(([, weight]) => (dice -= weight) < 0)?.[0] ?? giveWhole;
}

async function workOn(): Promise<void> {
  while (!isResting && !failed) {
    const work = nextWork();
    await attend(
      work.name,
      misbehave().then(() => work(scene)),
    );
    await turn();
  }
}

/** Lets a spec see that a soak fails when it should. */
async function misbehave(): Promise<void> {
  if (fault === 'leak') openSync('/dev/zero', 'r');
  if (fault === 'exit') process.exit(7);
  if (fault === 'hang') await new Promise(() => undefined);
}

async function takeAll(): Promise<void> {
  for await (const offer of incomingOffers()) void attend(`taking an offer of ${offer.srcPid}`, take(scene, offer));
}

async function acceptAll(): Promise<void> {
  for await (const channel of Channel.accept()) void attend(`answering ${channel.peerPid}`, echo(channel));
}

const commands = {
  begin(seed: number, patience: number, wantedFault?: Fault): void {
    scene.random = new Random(seed);
    scene.isSpoilt = wantedFault === 'wrong';
    patienceMs = patience;
    fault = wantedFault;
    takeAll().catch(fail);
    acceptAll().catch(fail);
    setInterval(collectGarbage, COLLECT_MS);
  },
  meet(peers: readonly number[]): void {
    scene.peers = peers;
  },
  work(): void {
    isResting = false;
    for (let track = 0; track < AT_ONCE; track++) void workOn();
  },
  /** Resolves when none of its work is under way. */
  async rest(): Promise<void> {
    isResting = true;
    while (underWay.size > 0) await Promise.race(underWay.keys());
  },
  async weigh(): Promise<{ operations: number; burden: Burden; descriptors: string; done: [string, number][] }> {
    return { operations, burden: await burden(), descriptors: kindsOfDescriptors(), done: [...scene.done] };
  },
  underWay: () => [...underWay.values()],
  leave(): void {
    setImmediate(() => process.exit(0));
  },
};

export type ActorCommands = typeof commands;

process.on('disconnect', () => process.exit(3));
process.on('uncaughtException', fail);
serve(commands);
