import { existsSync } from 'node:fs';

/** Whether there is a file that this process may read. Node's own throws where its permission model forbids to look. */
export function fileExists(path: string): boolean {
  try {
    return existsSync(path);
  } catch {
    return false;
  }
}
