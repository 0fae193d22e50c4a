// The settings of distributions. The smoke test runs under each. Settings that cannot be undone come last.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

const HUGE = '/sys/kernel/mm/transparent_hugepage';

export const SETTINGS = [
  { name: 'vm.unprivileged_userfaultfd', values: ['0', '1'] },
  { name: 'vm.overcommit_memory', values: ['1', '2'] },
  { name: 'transparent_hugepage/enabled', file: `${HUGE}/enabled`, values: ['always', 'never'] },
  { name: 'transparent_hugepage/shmem_enabled', file: `${HUGE}/shmem_enabled`, values: ['advise', 'always', 'deny'] },
  { name: 'user.max_user_namespaces', values: ['0'] },
  { name: 'kernel.yama.ptrace_scope', values: ['1', '2', '3'], isForGood: true },
  { name: 'vm.memfd_noexec', values: ['1', '2'], isForGood: true },
];

const fileOf = ({ name, file }) => file ?? `/proc/sys/${name.replaceAll('.', '/')}`;

/** In a list of choices, the kernel puts brackets around the chosen one. */
function read(file) {
  const text = readFileSync(file, 'utf8').trim();
  return text.match(/\[(\w+)\]/)?.[1] ?? text;
}

/** Calls back under each setting that this kernel has, and names those that it lacks. */
export function underEach(settings, work) {
  for (const setting of settings) {
    const file = fileOf(setting);
    if (!existsSync(file)) {
      console.log(`${setting.name}: this kernel has no such setting`);
      continue;
    }
    const before = read(file);
    for (const value of setting.values) {
      writeFileSync(file, value);
      work(`${setting.name}=${read(file)}`);
    }
    if (!setting.isForGood) writeFileSync(file, before);
  }
}
