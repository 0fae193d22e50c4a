// Runs in a guest, as root: runs each check as root and, if that makes sense, as nobody. A line that begins with @@ is a row
// for the host's table. Everything else is for people.
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SETTINGS, underEach } from './settings.mjs';
import { SPECS } from './specs.mjs';

const CGROUPS = '/sys/fs/cgroup';
const CGROUP = `${CGROUPS}/vmoffer`;
const REPORTER = './out/js/spec/support/reporter.js';
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
// The guest is some ten times as slow as the machine that it runs on.
const SPEC_LIMIT_MS = '150000';
const CHECK_LIMIT_MS = 1_200_000;

function run(user, args, options = {}) {
  const [command, ...rest] = user === 'nobody' ? [...NOBODY, ...args] : args;
  return spawnSync(command, rest, { encoding: 'utf8', timeout: CHECK_LIMIT_MS, killSignal: 'SIGKILL', ...options });
}

function report(check, user, counts) {
  console.log(`@@ ${JSON.stringify({ check, user, passed: 0, failed: 0, skipped: 0, ...counts })}`);
}

function doctor(user) {
  const { status, stdout, stderr } = run(user, ['node', 'dist/cli/main.js', 'doctor']);
  console.log(stdout + stderr);
  const works = status === 0 && stdout.includes('vmoffer works here');
  report('doctor', user, { passed: Number(works), failed: Number(!works) });
}

function smoke(user, check = 'smoke') {
  const { status, signal, stdout, stderr } = run(user, ['node', 'scripts/kernels/guest/smoke.mjs']);
  const lines = stdout.trim().split('\n');
  console.log(stdout + stderr);
  const passed = lines.filter((line) => line.startsWith('ok ') && line !== 'ok all');
  const failed = lines.filter((line) => !line.startsWith('ok '));
  const hasEnded = status === 0 && lines.at(-1) === 'ok all';
  const remark = hasEnded ? '' : `ended early: ${status ?? signal}`;
  report(check, user, { passed: passed.length, failed: failed.length + Number(!hasEnded), remark });
}

function specs({ check, files, users }) {
  for (const user of users) {
    console.log(`\n${check} as ${user}`);
    const suite = `${check} as ${user}`;
    const mocha = ['node', 'node_modules/mocha/bin/mocha.js', '--no-config', '--exit', '--timeout', SPEC_LIMIT_MS];
    const paths = files.map((file) => `out/js/spec/${file}.spec.js`);
    const { status, signal } = run(user, [...mocha, '--slow', SPEC_LIMIT_MS, '--reporter', REPORTER, ...paths], {
      stdio: 'inherit',
      env: { ...process.env, VMOFFER_ADDON: 'probe', VMOFFER_SUITE: suite, VMOFFER_CGROUP: CGROUP },
    });
    report(check, user, countsOf(suite) ?? { failed: 1, remark: `mocha did not finish: ${status ?? signal}` });
  }
}

function countsOf(suite) {
  const file = `out/mocha/${suite}.json`;
  if (!existsSync(file)) return undefined;
  const { passes, failures, pending } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed: passes, failed: failures, skipped: pending };
}

const isWanted = ({ check }) => {
  const [, only] = readFileSync('/proc/cmdline', 'utf8').match(/vmoffer\.only=(\S+)/) ?? [];
  return only === undefined || only.split(',').includes(check);
};
const CHECKS = [
  ...['root', 'nobody'].flatMap((user) => [
    { check: 'doctor', work: () => doctor(user) },
    { check: 'smoke', work: () => smoke(user) },
  ]),
  ...SPECS.map((each) => ({ ...each, work: () => specs(each) })),
  {
    check: 'settings',
    work: () => underEach(SETTINGS, (name) => ['root', 'nobody'].forEach((user) => smoke(user, name))),
  },
];

console.log(readFileSync('/proc/version', 'utf8'));
mkdirSync('out/mocha', { recursive: true });
chmodSync('out/mocha', 0o777);
// As the remedy for VMOFFER_CGROUP says.
writeFileSync(`${CGROUPS}/cgroup.subtree_control`, '+memory');
mkdirSync(CGROUP);
for (const { check, work } of CHECKS.filter(isWanted)) {
  const began = Date.now();
  work();
  console.log(`${check}: ${Math.round((Date.now() - began) / 1000)} s`);
}
report('end', 'root');
