/** The descriptors that this process has open. */
import { readdirSync, readlinkSync } from 'node:fs';

/** What each open descriptor links to, by number, without the one that this listing itself opens and closes. */
export function openDescriptors(): Map<number, string> {
  const descriptors = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    const target = linkOf(name);
    if (target !== undefined) descriptors.set(Number(name), target);
  }
  return descriptors;
}

/** The same, counted by kind. The kind of a pipe, for example, is its link without the number. */
export function descriptorKinds(): Map<string, number> {
  const kinds = new Map<string, number>();
  for (const target of openDescriptors().values()) {
    const kind = target.replace(/^(pipe|socket|pidfd|anon_inode):\[\d+\]$/, '$1').replace(/^\/proc\/\d+\//, '/proc/');
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  }
  return kinds;
}

function linkOf(name: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
