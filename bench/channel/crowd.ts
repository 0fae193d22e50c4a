/** Programs that keep cores busy during a measurement. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Cores } from './placement.js';

/** Calls `work` while a loop runs on each of these cores. */
export async function amidCrowd<T>(cores: Cores, pinProgram: string, work: () => Promise<T>): Promise<T> {
  const loops = cores.map((core) => startLoop(core, pinProgram));
  try {
    return await work();
  } finally {
    await Promise.all(loops.map(endLoop));
  }
}

function startLoop(core: number, pinProgram: string): ChildProcess {
  const loop = spawn('sh', ['-c', 'while :; do :; done'], { stdio: 'ignore' });
  execFileSync(pinProgram, { input: `pin ${loop.pid ?? 0} ${core}\n` });
  return loop;
}

async function endLoop(loop: ChildProcess): Promise<void> {
  const ended = once(loop, 'exit');
  loop.kill('SIGKILL');
  await ended;
}
