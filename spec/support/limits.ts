/** The limits of this process. */
import { readFileSync } from 'node:fs';
import type { Need } from './requires.js';

function descriptorLimit(): number {
  const [, soft = '0'] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  return soft === 'unlimited' ? Infinity : Number(soft);
}

export function enoughDescriptors(count: number): Need {
  return {
    what: `${count} file descriptors`,
    remedy: `ulimit -n ${count}, or more`,
    isMet: () => descriptorLimit() >= count,
  };
}
