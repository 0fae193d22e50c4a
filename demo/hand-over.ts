/** The source's part: start another program, and offer it memory and a letter. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vmOffer, VMO_GRANT_R, VMO_GRANT_W, type Region, type SuppliedRegion } from 'vmoffer';
import { Failure } from './failure.js';
import { Letter } from './letter.js';
import { say } from './say.js';

/**
 * Offers the memory with the given flags. The claimer gets only this process's pid, as an argument. Resolves to its answer
 * once it has ended well.
 */
export async function handOver<Said extends object, Answered extends object>(
  program: string,
  memory: Region | readonly SuppliedRegion[],
  letter: Letter<Said, Answered>,
  flags: number = VMO_GRANT_R,
): Promise<Answered> {
  const script = fileURLToPath(new URL(`${program}.js`, import.meta.url));
  const claimer = spawn(process.execPath, [script, String(process.pid)], { stdio: 'inherit' });
  const ended = once(claimer, 'exit') as Promise<[number | null, string | null]>;
  if (claimer.pid === undefined) throw new Failure(`the other process could not be started: ${script}`);
  for (const region of [memory].flat()) vmOffer(claimer.pid, region, flags);
  vmOffer(claimer.pid, letter.region, VMO_GRANT_R | VMO_GRANT_W);
  say('source', `I have started process ${claimer.pid}. All it gets is my pid, as an argument.`);
  const [code, signal] = await ended;
  if (code !== 0) throw new Failure(`the claiming process ended with ${signal ?? `exit code ${code}`}.`);
  const { answer } = letter;
  if (!answer) throw new Failure('the claiming process ended without an answer.');
  return answer;
}
