/** Says what to do when the addon does not load, from what is known about the machine. Touches no file. */
import { buildCommand } from './build-command.js';
import type { LoadAttempt, LoadFacts, LoadFailure } from './load-facts.js';

const GLIBC_MISSING = /`GLIBC_([\d.]+)' not found/;
const TOOLS = 'python3, make and g++ 10 or later (C++20)';

/** The message: what was found, what is expected, and what to do. */
export function explainLoadFailure(facts: LoadFacts): string {
  if (facts.platform !== 'linux') {
    return `vmoffer needs Linux (memfd, userfaultfd); this is ${facts.platform}: run it in a Linux machine or container`;
  }
  if (isForbidden(facts)) return explainPermission(facts);
  const findings = facts.attempts.map((attempt) => describeAttempt(attempt, facts)).join('; ');
  return `the native addon cannot be loaded in ${facts.packageFolder}: ${findings}. ${remedyFor(facts)}`;
}

function isForbidden({ isForbidden, attempts }: LoadFacts): boolean {
  const codes = attempts.map(({ failure }) => failure?.code);
  return isForbidden || codes.includes('ERR_DLOPEN_DISABLED');
}

function explainPermission({ isForbidden, permissionOption }: LoadFacts): string {
  if (!isForbidden) return 'native addons are switched off (--no-addons), and vmoffer is one: start Node.js without it';
  return (
    `Node's permission model forbids native addons (${permissionOption} without --allow-addons), and vmoffer is one: ` +
    `start Node.js with ${permissionOption} --allow-addons and --allow-fs-read for the program and its node_modules; ` +
    'vmoffer needs no other permission'
  );
}

function describeAttempt({ file, failure }: LoadAttempt, facts: LoadFacts): string {
  if (failure === undefined) return `there is no ${file}`;
  const cause = CAUSES.find(({ applies }) => applies(failure, facts));
  return `${file} ${cause?.describe(failure, facts) ?? `fails to load (${failure.message})`}`;
}

interface Cause {
  applies: (failure: LoadFailure, facts: LoadFacts) => boolean;
  describe: (failure: LoadFailure, facts: LoadFacts) => string;
  /** @param build the command that builds the addon from source. A cause without a remedy of its own gets that command. */
  remedy?: (build: string) => string;
}

const CAUSES: readonly Cause[] = [
  {
    applies: ({ message }) => message.includes('--allow-ffi'),
    describe: ({ message }) => `may not be loaded (${message})`,
    remedy: () => 'Start Deno with --allow-ffi',
  },
  {
    applies: ({ machine }) => machine === undefined,
    describe: ({ message }) => `is no ELF file (${message})`,
    remedy: (build) => `Install the package again, or build it here: ${build}`,
  },
  {
    applies: ({ machine }, { arch }) => machine !== arch,
    describe: ({ machine }, { arch, runtime }) => `is for ${machine ?? ''}, and this ${runtime} is for ${arch}`,
    remedy: (build) => `Install the dependencies on this machine, or build it here: ${build}`,
  },
  {
    applies: ({ message }) => GLIBC_MISSING.test(message),
    describe: ({ message }, { glibcVersion }) =>
      `needs glibc ${GLIBC_MISSING.exec(message)?.[1] ?? ''}, and this system has ${glibcVersion ?? 'an older one'}`,
    remedy: (build) => `Use a newer release of the distribution, or build it here: ${build}`,
  },
  {
    applies: ({ message }) => /`(GLIBCXX|CXXABI)_[\d.]+' not found/.test(message),
    describe: ({ message }) => `was built for a newer C++ library than this system has (${message})`,
  },
  {
    applies: ({ message }) => /Error (loading|relocating)|ld-linux/.test(message),
    describe: ({ message }) => `was built for another C library than this system has (${message})`,
  },
  {
    applies: ({ message }) => /NODE_MODULE_VERSION|did not self-register|undefined symbol/.test(message),
    describe: ({ message }, { runtime }) => `was built for another runtime than this ${runtime} (${message})`,
  },
  {
    applies: ({ message }) => /file too short|invalid ELF|cannot read file data|failed to map/.test(message),
    describe: ({ message }) => `is damaged (${message})`,
    remedy: (build) => `Install the package again, or build it here: ${build}`,
  },
];

function remedyFor(facts: LoadFacts): string {
  const build = `${buildCommand(facts)}  (it needs ${TOOLS})`;
  if (facts.hasOtherLibc) {
    return (
      `This system's C library is not glibc, for which the package's binaries are made: use an image with glibc, such as ` +
      `node:24-slim instead of node:24-alpine. Building it here is not tested: ${build}`
    );
  }
  const failures = facts.attempts.flatMap(({ failure }) => failure ?? []);
  if (failures.length === 0) return `${describePrebuilds(facts)}. Build it: ${build}`;
  const causes = failures.map((failure) => CAUSES.find(({ applies }) => applies(failure, facts)));
  const [remedy] = causes.flatMap((cause) => cause?.remedy?.(build) ?? []);
  return remedy ?? `Build it here: ${build}`;
}

/** No install script builds anything, so a package manager that blocks scripts is never the cause. */
function describePrebuilds({ arch, prebuilds, isInstalled }: LoadFacts): string {
  if (!isInstalled) return 'A checkout has no binaries and nothing has been built yet';
  if (prebuilds.length === 0) return 'This package came without binaries, and installing it builds nothing';
  return `It has ${prebuilds.join(' and ')} alone, none for linux-${arch}, and installing it builds nothing`;
}
