import { execFileSync } from 'node:child_process';
import { ANY_CORE } from './placement.js';

/** Pins the main thread of this process, which runs JavaScript, to that core. Its other threads stay free. */
export function pinSelf(core: number, program: string): void {
  if (core === ANY_CORE) return;
  const answer = execFileSync(program, { input: `pin ${process.pid} ${core}\n`, encoding: 'utf8' });
  if (Number(answer) !== 1) throw new Error(`the kernel does not let a thread be put on core ${core}`);
}
