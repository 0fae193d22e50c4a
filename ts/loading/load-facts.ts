/** Collects facts about a machine on which the addon does not load. Called only after that has happened. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileExists } from './file-exists.js';
import { packageManagerOf, type PackageManager } from './package-manager.js';
import { hasOtherLibc } from './read-elf.js';

/** A file that was tried. */
export interface LoadAttempt {
  /** Below the package's folder. */
  file: string;
  /** Absent if there is no such file. */
  failure?: LoadFailure;
}

export interface LoadFailure {
  code: string | undefined;
  message: string;
  /** The processor that the file is for; undefined if it is no ELF file. */
  machine: string | undefined;
}

export interface LoadFacts {
  platform: string;
  arch: string;
  /** Such as `Node.js 24.21.0`. */
  runtime: string;
  /** Undefined if the C library is another, or does not tell. */
  glibcVersion: string | undefined;
  /** Whether the C library is known not to be glibc. */
  hasOtherLibc: boolean;
  /** Whether Node's permission model is on and does not allow addons. */
  isForbidden: boolean;
  /** The option that has switched the permission model on. */
  permissionOption: string;
  packageFolder: string;
  /** Whether the package is installed as a dependency, and is not a checkout. */
  isInstalled: boolean;
  manager: PackageManager | undefined;
  /** The names of the binaries that came with the package. */
  prebuilds: readonly string[];
  attempts: readonly LoadAttempt[];
}

/** Members that @types/node for Node 20 lacks, or other runtimes do not have. */
interface NewerProcess {
  permission?: { has(scope: string): boolean };
  allowedNodeEnvironmentFlags?: ReadonlySet<string>;
}

export function gatherLoadFacts(packageFolder: string, attempts: readonly LoadAttempt[]): LoadFacts {
  const { permission, allowedNodeEnvironmentFlags } = process as NewerProcess;
  return {
    platform: process.platform,
    arch: process.arch,
    runtime: runtimeOf(process.versions),
    glibcVersion: readGlibcVersion(),
    hasOtherLibc: hasOtherLibc(),
    isForbidden: permission?.has('addon') === false,
    permissionOption:
      allowedNodeEnvironmentFlags?.has('--permission') === false ? '--experimental-permission' : '--permission',
    packageFolder,
    isInstalled: packageFolder.split('/').includes('node_modules'),
    manager: packageManagerOf(packageFolder, fileExists),
    prebuilds: namesIn(join(packageFolder, 'prebuilds')),
    attempts,
  };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function runtimeOf({ bun, deno, node }: NodeJS.ProcessVersions): string {
  if (bun !== undefined) return `Bun ${bun}`;
  return deno === undefined ? `Node.js ${node}` : `Deno ${deno}`;
}

interface Report {
  header?: { glibcVersionRuntime?: string };
}

/** Runtimes other than Node have no report, or one without this. */
function readGlibcVersion(): string | undefined {
  try {
    const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
    // With the network it looks up host names, which takes seconds on some machines.
    const before = report.excludeNetwork;
    report.excludeNetwork = true;
    const { header } = report.getReport() as Report;
    report.excludeNetwork = before;
    return header?.glibcVersionRuntime;
  } catch {
    return undefined;
  }
}
