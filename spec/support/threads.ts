/** The threads of this process, by the names that the kernel knows them by. */
import { readdirSync, readFileSync } from 'node:fs';

export function threadNames(): string[] {
  return readdirSync('/proc/self/task').flatMap(nameOf).sort();
}

function nameOf(threadId: string): string[] {
  try {
    return [readFileSync(`/proc/self/task/${threadId}/comm`, 'utf8').trimEnd()];
  } catch {
    return []; // it has ended since it was listed
  }
}
