/** Which package manager installed the package, told by the files that package managers leave behind. Touches no file. */

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const IN_PATHS: readonly [string, PackageManager][] = [
  ['/node_modules/.pnpm/', 'pnpm'],
  ['/pnpm/store/', 'pnpm'],
  ['/node_modules/.bun/', 'bun'],
  ['/.yarn/', 'yarn'],
];

/** The surest signs come first: one package manager makes a tree of modules, but a lock file may be left over. */
const LEFT_BEHIND: readonly [string, PackageManager][] = [
  ['node_modules/.modules.yaml', 'pnpm'],
  ['node_modules/.yarn-state.yml', 'yarn'],
  ['node_modules/.yarn-integrity', 'yarn'],
  ['node_modules/.package-lock.json', 'npm'],
  ['.pnp.cjs', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['package-lock.json', 'npm'],
];

/**
 * @param folder the package's own, an absolute path.
 * @param exists whether there is a file at a path.
 */
export function packageManagerOf(folder: string, exists: (path: string) => boolean): PackageManager | undefined {
  for (const [part, manager] of IN_PATHS) if (`${folder}/`.includes(part)) return manager;
  for (const above of foldersFrom(folder)) {
    for (const [path, manager] of LEFT_BEHIND) if (exists(`${above}/${path}`)) return manager;
  }
  return undefined;
}

/** A folder and all folders above it, the nearest first. */
function foldersFrom(folder: string): string[] {
  const names = folder.split('/');
  return names.map((_, index) => names.slice(0, names.length - index).join('/'));
}
