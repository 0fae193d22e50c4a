import { setFlagsFromString } from 'node:v8';

/**
 * Lets the heap of this process grow to six times of what is in use before V8 collects all of it. The agent's own objects are few, but
 * each unit that passes leaves arrays behind: by default all is collected after some 9 MB of them. At 64 MB of arrays it is in any case.
 */
export function collectSeldom(): void {
  setFlagsFromString('--heap-growing-percent=500');
}
