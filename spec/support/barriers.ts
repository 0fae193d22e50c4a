/** Waits for a condition, with a name and a budget. For things that give no event, such as the kernel's own lists. */
import { AssertionError } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_AGAIN_MS = 5;
const DEFAULT_BUDGET_MS = 10_000;

/** Resolves once `isSo()` is true. Rejects, naming `what`, when the budget is used up. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  budgetMs = DEFAULT_BUDGET_MS,
): Promise<void> {
  const deadline = performance.now() + budgetMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new AssertionError(`waited ${budgetMs} ms in vain until ${what}`);
    await pause(LOOK_AGAIN_MS);
  }
}
