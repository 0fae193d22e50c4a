// Which specs the guests run: those of the engine's rules, and those of features that depend on the kernel.
const handOff = (...names) => names.map((name) => `scenarios/hand-off/${name}`);
const scenarios = (...names) => names.map((name) => `scenarios/${name}`);
const engine = (...names) => names.map((name) => `engine/${name}`);
const supply = (...names) => names.map((name) => `supply/${name}`);

const BOTH = ['root', 'nobody'];
const ROOT = ['root'];

export const SPECS = [
  { check: 'immutable', users: BOTH, files: handOff('sealed', 'drop') },
  { check: 'claims', users: ROOT, files: scenarios('claims', 'paging') },
  { check: 'hand-off', users: ROOT, files: handOff('disown', 'parts', 'lost-rights') },
  { check: 'pull', users: ROOT, files: handOff('pull') },
  { check: 'cgroup', users: ROOT, files: handOff('memory-cgroup') },
  { check: 'kernel', users: ROOT, files: [...scenarios('doctor', 'old-kernel'), ...engine('userfault-lack')] },
  { check: 'supply', users: BOTH, files: supply('end-to-end', 'failures', 'filled-at-once', 'process-ends') },
  { check: 'engine', users: ROOT, files: engine('object-check', 'offer-book', 'page-set', 'fault-window', 'rights') },
];
