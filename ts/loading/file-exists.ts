import { existsSync } from 'node:fs';

/** Whether there is a file that this process may read. `existsSync` throws if Node's permission model forbids to look. */
export function fileExists(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}
