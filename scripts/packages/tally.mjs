// Collects the results of the checks: cells of a table, remarks and counts.

export const counts = { passes: 0, failures: 0, pending: 0 };
/** @type {string[]} */
export const remarks = [];

/**
 * Runs a check. If it fails, and `control` shows that it fails in the same way without this package, the check is skipped.
 * @param {string} where @param {string} what @param {() => Promise<unknown>} check
 * @param {() => Promise<string | undefined>} [control] resolves to the reason, if there is one
 * @returns {Promise<string>} the cell
 */
export async function attempt(where, what, check, control) {
  try {
    await check();
    counts.passes += 1;
    return 'ok';
  } catch (error) {
    const reason = await control?.();
    if (reason !== undefined) return skipAll(where, [what], reason)[0];
    counts.failures += 1;
    remarks.push(`FAILED  ${where}, ${what}: ${error.message}`);
    return 'FAILED';
  }
}

/** @param {string} where @param {string[]} names @param {string} reason @returns {string[]} the cells */
export function skipAll(where, names, reason) {
  counts.pending += names.length;
  const what = names.length === 1 ? names[0] : `${names.length} checks from '${names[0]}' on`;
  remarks.push(`skipped ${where}, ${what}: ${reason}`);
  return names.map(() => 'skipped');
}
