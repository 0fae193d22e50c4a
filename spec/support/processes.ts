/** Processes that this one has started, and those that they have started. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';

const MARK = 'VMOFFER_SPEC_RUN';

/** From now on every process that this one starts, directly or not, carries the mark in its environment. */
export function markDescendants(): string {
  const mark = `${process.pid}-${Date.now()}`;
  process.env[MARK] = mark;
  return mark;
}

/** Visible processes other than this one that carry the mark, and children that have ended and are not reaped. */
export function markedProcesses(mark: string): number[] {
  const marked = allPids().filter((pid) => pid !== process.pid && carriesMark(pid, mark));
  return [...new Set([...marked, ...childrenOfThisProcess()])].sort((a, b) => a - b);
}

export function childrenOfThisProcess(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) =>
    readIfThere(`/proc/self/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );
}

export function isLiving(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

export function allPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function carriesMark(pid: number, mark: string): boolean {
  return readIfThere(`/proc/${pid}/environ`).split('\0').includes(`${MARK}=${mark}`);
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
