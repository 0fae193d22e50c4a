/** The command that builds the addon from source in place. Touches no file. */
import type { PackageManager } from './package-manager.js';

export interface PackagePlace {
  packageFolder: string;
  isInstalled: boolean;
  manager: PackageManager | undefined;
}

/** A line for a shell. Not a package manager's `rebuild`: if it blocks install scripts it blocks that, too. */
export function buildCommand({ packageFolder, isInstalled, manager }: PackagePlace): string {
  const script = `${quoted(packageFolder)}/scripts/build-native.mjs`;
  if (!isInstalled) return `cd ${quoted(packageFolder)} && npm run build:native`;
  // With Plug'n'Play, node finds the package's dependencies only if yarn starts it.
  if (manager === 'yarn') return `yarn node ${script}`;
  return manager === 'bun' ? `bun ${script}` : `node ${script}`;
}

function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
