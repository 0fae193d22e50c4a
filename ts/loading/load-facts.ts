/** What can be known about a machine on which the addon does not load. Called only when that has happened. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileExists } from './file-exists.js';
import { packageManagerOf, type PackageManager } from './package-manager.js';
import { hasOtherLibc } from './read-elf.js';

/** A file that was tried. */
export interface LoadAttempt {
  /** Below the package's folder. */
  file: string;
  /** Absent when there is no such file. */
  failure?: LoadFailure;
}

export interface LoadFailure {
  code: string | undefined;
  message: string;
  /** The processor that the file is for; undefined where it is no ELF file. */
  machine: string | undefined;
}

export interface LoadFacts {
  platform: string;
  arch: string;
  /** Such as `Node.js 24.21.0`. */
  runtime: string;
  /** Undefined where the C library is another, or does not tell. */
  glibcVersion: string | undefined;
  /** Whether the C library is known to be another than glibc. */
  hasOtherLibc: boolean;
  /** Whether Node's permission model is on and addons are not allowed. */
  isForbidden: boolean;
  /** The option that has switched the permission model on. */
  permissionOption: string;
  packageFolder: string;
  /** Whether it is a dependency of something, and no checkout. */
  isInstalled: boolean;
  manager: PackageManager | undefined;
  /** The names of the binaries that came with the package. */
  prebuilds: readonly string[];
  attempts: readonly LoadAttempt[];
}

/** What @types/node for Node 20 do not know of, or other runtimes do not have. */
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

/** Other runtimes than Node have no report, or one without this. */
function readGlibcVersion(): string | undefined {
  try {
    const report = process.report as NodeJS.ProcessReport & { excludeNetwork: boolean };
    // Looking up the names of the network's addresses takes seconds on some machines.
    const before = report.excludeNetwork;
    report.excludeNetwork = true;
    const { header } = report.getReport() as Report;
    report.excludeNetwork = before;
    return header?.glibcVersionRuntime;
  } catch {
    return undefined;
  }
}
