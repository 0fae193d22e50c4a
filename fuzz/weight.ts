/** Counts what another process holds, from its /proc. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { until } from '../spec/support/barriers.js';

export interface Weight {
  descriptors: number;
  threads: number;
  objects: number;
}

export function weightOf(pid: number): Weight {
  const objects = readFileSync(`/proc/${pid}/maps`, 'latin1').match(/\/memfd:vmoffer/g) ?? [];
  return {
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
    objects: objects.length,
  };
}

/** Two brokers that tell each other news keep a connection or two, whichever began. A leak grows with each batch. */
const SLACK = 4;

/** Waits until the process holds no more than before, apart from a few. If it keeps more, rejects with what it holds. */
export async function backTo(before: Weight, pid: number): Promise<void> {
  const isBack = () => {
    const { descriptors, threads, objects } = weightOf(pid);
    return descriptors <= before.descriptors + SLACK && threads <= before.threads && objects <= before.objects;
  };
  await until('it holds no more than before', isBack).catch((error: unknown) => {
    const now = `before ${JSON.stringify(before)}, now ${JSON.stringify(weightOf(pid))}: ${targetsOf(pid)}`;
    const threads = readdirSync(`/proc/${pid}/task`).map((id) => readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8'));
    throw new Error(`process ${pid} keeps what it should not: ${now}; ${threads.join(' ')}`, { cause: error });
  });
}

function targetsOf(pid: number): string {
  return readdirSync(`/proc/${pid}/fd`)
    .flatMap((name) => {
      try {
        const target = readlinkSync(`/proc/${pid}/fd/${name}`);
        const [, of = ''] = /^Pid:\s+(-?\d+)/m.exec(readFileSync(`/proc/${pid}/fdinfo/${name}`, 'utf8')) ?? [];
        return [target + (of && `=${of}`)];
      } catch {
        return []; // closed since
      }
    })
    .join(' ');
}
