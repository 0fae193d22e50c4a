// In a guest, as root: each check as root and, where that makes sense, as nobody. A line that begins with @@ is a row for
// the host's table; everything else is for whoever reads along.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SPECS } from './specs.mjs';

const CGROUPS = '/sys/fs/cgroup';
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
// The guest is some ten times as slow as the machine that it runs on.
const SPEC_LIMIT_MS = '150000';
const CHECK_LIMIT_MS = 1_200_000;

function run(user, args, env = {}) {
  const [command, ...rest] = user === 'nobody' ? [...NOBODY, ...args] : args;
  const options = { encoding: 'utf8', timeout: CHECK_LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: 2 ** 26 };
  return spawnSync(command, rest, { ...options, env: { ...process.env, ...env } });
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

function smoke(user) {
  const { status, signal, stdout, stderr } = run(user, ['node', 'scripts/kernels/guest/smoke.mjs']);
  const lines = stdout.trim().split('\n');
  console.log(stderr);
  const failed = lines.filter((line) => !line.startsWith('ok '));
  failed.forEach((line) => console.log(`smoke as ${user}: ${line}`));
  const hasEnded = status === 0 && lines.at(-1) === 'ok all';
  const remark = hasEnded ? '' : `ended early: ${status ?? signal}`;
  report('smoke', user, { passed: lines.length - failed.length, failed: failed.length + Number(!hasEnded), remark });
}

/** Why specs were skipped, each reason once. */
function reasons(stdout) {
  return new Set(stdout.split('\n').filter((line) => line.includes('skipped: ')));
}

function specs({ check, files, users, env = {} }) {
  for (const user of users) {
    const counts = `/tmp/${check} as ${user}.json`;
    const mocha = ['node', 'node_modules/mocha/bin/mocha.js', '--no-config', '--exit', '--timeout', SPEC_LIMIT_MS];
    const reporter = ['--reporter', 'json', '--reporter-option', `output=${counts}`];
    const paths = files.map((file) => `out/js/spec/${file}.spec.js`);
    const { status, signal, stdout, stderr } = run(user, [...mocha, ...reporter, ...paths], {
      VMOFFER_ADDON: 'probe',
      ...env,
    });
    console.log(`\n${check} as ${user}`);
    for (const reason of reasons(stdout)) console.log(reason);
    const found = readCounts(counts);
    if (!found) {
      console.log(stdout, stderr);
      report(check, user, { failed: 1, remark: `mocha did not finish: ${status ?? signal}` });
      continue;
    }
    for (const { fullTitle, err } of found.failures) console.log(`FAILED: ${fullTitle}\n${err.stack ?? err.message}`);
    report(check, user, {
      passed: found.stats.passes,
      failed: found.stats.failures,
      skipped: found.stats.pending,
    });
  }
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

console.log(readFileSync('/proc/version', 'utf8'));
// What VMOFFER_CGROUP's remedy says.
writeFileSync(`${CGROUPS}/cgroup.subtree_control`, '+memory');
mkdirSync(`${CGROUPS}/vmoffer`);
for (const user of ['root', 'nobody']) {
  doctor(user);
  smoke(user);
}
for (const each of SPECS) specs({ ...each, env: { VMOFFER_CGROUP: `${CGROUPS}/vmoffer` } });
report('end', 'root');
