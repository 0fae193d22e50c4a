// Makes the seccomp profile of docs/containers.md: a container engine's own default profile that also allows userfaultfd.
//
//   seccomp-profile.mjs [--oci x64|arm64] DEFAULT.json > vmoffer-seccomp.json      `-` reads the default from stdin
//
// Docker, Podman and CRI-O read the form in which they write their defaults. containerd reads OCI's form, which has no
// conditions: it would always allow what the default allows with a certain capability only. --oci resolves conditions.
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const USAGE = 'usage: seccomp-profile.mjs [--oci x64|arm64] DEFAULT.json';
const ALLOWED = 'userfaultfd';
const MACHINES = {
  x64: { goName: 'amd64', seccompName: 'SCMP_ARCH_X86_64' },
  arm64: { goName: 'arm64', seccompName: 'SCMP_ARCH_AARCH64' },
};

/**
 * @typedef {{ caps?: string[], arches?: string[], minKernel?: string }} Condition
 * @typedef {{ names: string[], action: string, args?: object[] | null, errnoRet?: number, includes?: Condition, excludes?: Condition }} Rule
 * @typedef {{ defaultAction: string, defaultErrnoRet?: number, syscalls: Rule[], archMap?: { architecture: string, subArchitectures: string[] | null }[] }} Profile
 */

/** Removes the old rule: libseccomp refuses two for one call, and Podman's default forbids this one by name. @param {Profile} base */
export function allowUserfaultfd(base) {
  const others = base.syscalls
    .map((rule) => ({ ...rule, names: rule.names.filter((name) => name !== ALLOWED) }))
    .filter(({ names }) => names.length > 0);
  return { ...base, syscalls: [...others, { names: [ALLOWED], action: 'SCMP_ACT_ALLOW' }] };
}

/**
 * The same rules for one machine and a container without added capabilities. `minKernel` is always met: the library needs
 * a later kernel than any default names.
 * @param {Profile} profile @param {keyof typeof MACHINES} machine
 */
export function resolveConditions(profile, machine) {
  const { goName, seccompName } = MACHINES[machine];
  const isFor = ({ includes = {}, excludes = {} }) =>
    (includes.caps ?? []).length === 0 &&
    (includes.arches === undefined || includes.arches.includes(goName)) &&
    !excludes.arches?.includes(goName);
  const architecture = profile.archMap?.find((entry) => entry.architecture === seccompName);
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet,
    architectures: [seccompName, ...(architecture?.subArchitectures ?? [])],
    syscalls: profile.syscalls
      .filter(isFor)
      .map(({ names, action, args, errnoRet }) => ({ names, action, errnoRet, args: args?.length ? args : undefined })),
  };
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exit(2);
}

/** @param {string} path @returns {Profile} */
function readProfile(path) {
  const text = readFileSync(path === '-' ? 0 : path, 'utf8');
  const profile = JSON.parse(text);
  if (!Array.isArray(profile.syscalls) || profile.syscalls.some(({ names }) => !Array.isArray(names))) {
    fail(`${path} is no seccomp profile: it has no "syscalls" with "names"`);
  }
  return profile;
}

/** @param {string[]} args */
function main(args) {
  const machine = args[0] === '--oci' ? args.splice(0, 2)[1] : undefined;
  const [path] = args;
  if (path === undefined || args.length > 1) fail(USAGE);
  if (machine !== undefined && !(machine in MACHINES)) fail(`${USAGE}\n--oci takes x64 or arm64, not ${machine}`);
  const profile = allowUserfaultfd(readProfile(path));
  console.log(JSON.stringify(machine ? resolveConditions(profile, machine) : profile, null, 2));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2));
