/** Commands that run a program under other circumstances. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { projectRoot } from './project.js';
import type { Need } from './requires.js';

export type Wrapper = readonly string[];

/** Makes system calls fail. The rules are those of fixtures/without_system_calls.py, such as `'userfaultfd:EPERM'`. */
export function withoutSystemCalls(...rules: string[]): Wrapper {
  return ['python3', '-B', join(projectRoot, 'fixtures', 'without_system_calls.py'), ...rules, '--'];
}

/** Runs a shell command in mounts of its own first. */
export function afterMounting(command: string): Wrapper {
  return ['unshare', '--mount', 'sh', '-c', `${command} && exec "$@"`, 'sh'];
}

/** Limits the program to `count` descriptors. */
export function withDescriptors(count: number): Wrapper {
  return ['sh', '-c', `ulimit -n ${count} && exec "$@"`, 'sh'];
}

/** The need to be allowed to run a program in this way. */
export function runs(wrapper: Wrapper): Need {
  const [program = '', ...args] = wrapper;
  return {
    what: `the right to run \`${wrapper.join(' ')}\``,
    remedy: 'run the specs as root, with util-linux installed',
    isMet: () => spawnSync(program, [...args, 'true']).status === 0,
  };
}
