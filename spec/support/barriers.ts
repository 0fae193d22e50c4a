/** Waiting for something to be so, by name and with a budget. For what gives no event, such as the kernel's own lists. */
import { AssertionError } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_AGAIN_MS = 5;
const DEFAULT_BUDGET_MS = 10_000;

/** Resolves once `isSo()` is true; rejects, naming `what`, when the budget is used up. */
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
