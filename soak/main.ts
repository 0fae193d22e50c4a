/**
 * npm run soak: processes that use every operation on each other for a given time, while some are stopped and killed. It
 * fails if a byte is wrong, an operation hangs, a process ends that should not, or anything grows. It always prints how it
 * ended.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { Random } from '../spec/support/random.js';
import { parseArguments, USAGE, UsageError, type Arguments } from './arguments.js';
import { Crew } from './crew.js';
import { faultOfEnvironment } from './faults.js';
import { burdensOf, doneTable, excesses, growthTable } from './report.js';

const REST_EVERY_MS = 10_000;
/** So that even a short run has enough samples to judge the first process. */
const LEAST_RESTS = 8;
const ENDINGS = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const;

const started = performance.now();
let log: string | undefined;

function say(text: string): void {
  console.log(text);
  if (log !== undefined) appendFileSync(log, `${text}\n`);
}

function seconds(): string {
  return `${((performance.now() - started) / 1000).toFixed(0)} s`;
}

async function soak(wanted: Arguments, crew: Crew): Promise<string[]> {
  await crew.start();
  const every = Math.min(REST_EVERY_MS, (wanted.seconds * 1000) / LEAST_RESTS);
  const end = started + wanted.seconds * 1000;
  for (let rests = 1; ; rests++) {
    await crew.disturb(every);
    await crew.rest();
    const living = crew.members;
    say(`after ${seconds()}: ${crew.kills} killed, ${crew.stops} stopped\n${burdensOf(living)}`);
    if (performance.now() > end && rests >= LEAST_RESTS) break;
    await crew.work();
  }
  const wrong = await crew.leave();
  say(growthTable(crew.everybody));
  say(doneTable(crew.everybody));
  return [...wrong, ...excesses(crew.everybody)];
}

async function main(wanted: Arguments): Promise<void> {
  mkdirSync(join('out', 'soak'), { recursive: true });
  log = join('out', 'soak', `${wanted.seed}-${process.pid}.log`);
  const again = `npm run soak -- --minutes ${wanted.seconds / 60} --seed ${wanted.seed} --processes ${wanted.processes}`;
  const crew = new Crew(new Random(wanted.seed), wanted, faultOfEnvironment());
  const finish = (failures: readonly string[], code = failures.length === 0 ? 0 : 1) => {
    crew.killAll();
    for (const failure of failures) say(failure);
    const operations = crew.everybody.reduce((sum, member) => sum + member.operations, 0);
    const verdict = code === 0 ? 'passed' : `FAILED (again: ${again})`;
    say(`soak: ${verdict}: ${operations} operations in ${seconds()}, seed ${wanted.seed}`);
    process.exit(code);
  };
  for (const signal of ENDINGS) {
    process.on(signal, () => {
      finish([`this soak was ended by ${signal}`], 128 + constants.signals[signal]);
    });
  }
  process.on('uncaughtException', (error) => {
    finish([`the soak itself has failed: ${error.stack ?? error.message}`]);
  });
  // From now on the user who reads this may end the soak.
  say(`${again}\nAll that is said here is in ${log}`);
  try {
    finish(await Promise.race([soak(wanted, crew), crew.failure]));
  } catch (error) {
    finish([error instanceof Error ? error.message : String(error)]);
  }
}

try {
  const wanted = parseArguments(process.argv.slice(2));
  if (wanted.isHelp) console.log(USAGE);
  else void main(wanted);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
