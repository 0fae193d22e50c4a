/** Something in the demo is not as it should be, in words for the person who runs it. */
export class Failure extends Error {}

/** Runs a program of the demo: its exit code is 0 only if nothing failed. */
export async function runProgram(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    process.exitCode = 1;
    console.error(`\nThe demo FAILED: ${error instanceof Failure ? error.message : describe(error)}`);
  }
}

/** Errors of the system or the library are clear as they are. Any other error is a bug in the demo. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error || error.name === 'TimeoutError' ? error.message : (error.stack ?? error.message);
}

export function expectSame(what: string, found: unknown, expected: unknown): void {
  if (found !== expected)
    throw new Failure(`${what} is ${String(found)} here, but ${String(expected)} at the other process.`);
}
