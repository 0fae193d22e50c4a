// Describes on one screen what is missing for a build, with the command that installs it. Touches no file.

/** @typedef {'python3' | 'make' | 'g++' | 'linux-headers'} Need */

const PACKAGES = {
  apt: {
    command: 'apt-get install',
    python3: 'python3',
    make: 'make',
    'g++': 'g++',
    'linux-headers': 'linux-libc-dev',
  },
  dnf: {
    command: 'dnf install',
    python3: 'python3',
    make: 'make',
    'g++': 'gcc-c++',
    'linux-headers': 'kernel-headers',
  },
  apk: { command: 'apk add', python3: 'python3', make: 'make', 'g++': 'g++', 'linux-headers': 'linux-headers' },
};

const FAMILIES = {
  debian: 'apt',
  ubuntu: 'apt',
  fedora: 'dnf',
  rhel: 'dnf',
  centos: 'dnf',
  amzn: 'dnf',
  alpine: 'apk',
};

/** The installer of the distribution that /etc/os-release describes; undefined if the distribution is not known here.
 * @param {string} osRelease @returns {keyof typeof PACKAGES | undefined} */
export function installerOf(osRelease) {
  const ids = [...osRelease.matchAll(/^ID(?:_LIKE)?="?([^"\n]*)"?$/gm)].flatMap(([, words]) => words.split(' '));
  return ids.map((id) => FAMILIES[id]).find((installer) => installer !== undefined);
}

/** @param {{ need: Need, finding: string }[]} missing @param {string} osRelease */
export function describeMissing(missing, osRelease) {
  const installer = installerOf(osRelease);
  const commands = installer === undefined ? Object.keys(PACKAGES) : [installer];
  return [
    'The native addon cannot be built here:',
    ...missing.map(({ finding }) => `  - ${finding}`),
    installer === undefined ? 'Install what is missing with one of:' : 'Install what is missing:',
    ...commands.map((name) => `    ${commandLine(PACKAGES[name], missing)}`),
    'and build again.',
  ].join('\n');
}

function commandLine(packages, missing) {
  return [packages.command, ...new Set(missing.map(({ need }) => packages[need]))].join(' ');
}
