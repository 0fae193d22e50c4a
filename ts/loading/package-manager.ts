/** Which package manager put the package where it is, told from what package managers leave behind. Touches no file. */

export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

const IN_PATHS: readonly [string, PackageManager][] = [
  ['/node_modules/.pnpm/', 'pnpm'],
  ['/pnpm/store/', 'pnpm'],
  ['/node_modules/.bun/', 'bun'],
  ['/.yarn/', 'yarn'],
];

/** In the order of what is surest: a tree of modules has one maker, lock files are sometimes left over. */
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
 * @param exists whether there is a file of that path.
 */
export function packageManagerOf(folder: string, exists: (path: string) => boolean): PackageManager | undefined {
  for (const [part, manager] of IN_PATHS) if (`${folder}/`.includes(part)) return manager;
  for (const above of foldersFrom(folder)) {
    for (const [path, manager] of LEFT_BEHIND) if (exists(`${above}/${path}`)) return manager;
  }
  return undefined;
}

/** A folder and all those above it, the nearest first. */
function foldersFrom(folder: string): string[] {
  const names = folder.split('/');
  return names.map((_, index) => names.slice(0, names.length - index).join('/'));
}
