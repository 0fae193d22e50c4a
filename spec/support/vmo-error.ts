/** Catches an expected VmoError. */
import { expect } from 'chai';
import { VmoError, type VmoErrorCode } from 'vmoffer';

/** Runs `action`, which must throw a VmoError of that code, and returns the error. */
export function thrownBy(action: () => unknown, code: VmoErrorCode): VmoError {
  let result: unknown;
  try {
    result = action();
  } catch (error) {
    return asVmoError(error, code);
  }
  expect.fail(`expected ${code}, but it returned ${String(result)}`);
}

/** Awaits `promise`, which must reject with a VmoError of that code, and returns the error. */
export async function rejectionOf(promise: Promise<unknown>, code: VmoErrorCode): Promise<VmoError> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    return asVmoError(error, code);
  }
  expect.fail(`expected ${code}, but it resolved to ${String(result)}`);
}

function asVmoError(error: unknown, code: VmoErrorCode): VmoError {
  if (!(error instanceof VmoError)) throw error;
  expect(error.code, error.message).to.equal(code);
  return error;
}
