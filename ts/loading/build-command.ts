/** How the addon is built from source, where the package is. Touches no file. */
import type { PackageManager } from './package-manager.js';

export interface PackagePlace {
  packageFolder: string;
  isInstalled: boolean;
  manager: PackageManager | undefined;
}

/** A line for a shell. A package manager that blocks install scripts blocks its own `rebuild` as well; this runs no such script. */
export function buildCommand({ packageFolder, isInstalled, manager }: PackagePlace): string {
  const script = `${quoted(packageFolder)}/scripts/build-native.mjs`;
  if (!isInstalled) return `cd ${quoted(packageFolder)} && npm run build:native`;
  // With Plug'n'Play, node finds the package's dependencies only when yarn starts it.
  if (manager === 'yarn') return `yarn node ${script}`;
  return manager === 'bun' ? `bun ${script}` : `node ${script}`;
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
