/** A resource that the process lacked when it loaded the addon: nothing is wrong with the file or with the machine. */
import type { VmoErrorCode } from '../errors.js';
import type { LoadAttempt } from './load-facts.js';

export interface Lack {
  code: VmoErrorCode;
  message: string;
}

/** The dynamic linker reports every failure with an error of its own, and has the kernel's error in its text only. */
const LACKS: readonly { words: RegExp; code: VmoErrorCode; remedy: string }[] = [
  {
    words: /Too many open files|EMFILE|ENFILE/,
    code: 'ERR_VMO_TOO_MANY',
    remedy: 'raise the limit of open files (ulimit -n), or close some, and try again',
  },
  { words: /: Cannot allocate memory$|ENOMEM/, code: 'ERR_VMO_NO_MEMORY', remedy: 'free memory, and try again' },
];

/** Undefined if the failure has another cause. */
export function lackOf(attempts: readonly LoadAttempt[]): Lack | undefined {
  for (const { file, failure } of attempts) {
    const lack = LACKS.find(({ words }) => failure !== undefined && words.test(failure.message));
    if (lack === undefined || failure === undefined) continue;
    const message = `the native addon ${file} could not be loaded: ${failure.message}; ${lack.remedy}`;
    return { code: lack.code, message };
  }
  return undefined;
}
