// Which specs the guests run: those of the engine's rules, and of what depends on the kernel.
const BOTH = ['root', 'nobody'];
const ROOT = ['root'];

export const SPECS = [
  { check: 'immutable memory', users: BOTH, files: ['scenarios/hand-off/sealed', 'scenarios/hand-off/drop'] },
  { check: 'claims', users: ROOT, files: ['scenarios/claims', 'scenarios/paging', 'scenarios/grants'] },
  {
    check: 'hand-off',
    users: ROOT,
    files: ['pull', 'parts', 'disown', 'lost-rights', 'onward', 'rivals'].map((name) => `scenarios/hand-off/${name}`),
  },
  { check: 'memory cgroup', users: ROOT, files: ['scenarios/hand-off/memory-cgroup'] },
  {
    check: 'doctor, old kernels',
    users: ROOT,
    files: ['scenarios/doctor', 'engine/userfault-lack', 'scenarios/old-kernel'],
  },
  {
    check: 'engine',
    users: ROOT,
    files: ['object-check', 'offer-book', 'page-set', 'fault-window', 'read-ahead', 'rights'].map(
      (name) => `engine/${name}`,
    ),
  },
];
