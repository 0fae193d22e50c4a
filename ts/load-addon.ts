import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createNativeError, VmoError } from './errors.js';
import { log } from './log.js';
import type { Native } from './native.js';

/*
 * VMOFFER_BUILD and VMOFFER_ADDON name another build (Debug: the sanitizers') and another addon (probe) of this package.
 * They are for the project's own specs.
 */
const BUILD = process.env['VMOFFER_BUILD'] ?? 'Release';
const ADDON = process.env['VMOFFER_ADDON'] ?? 'vmoffer';
const SWEEP_INTERVAL_MS = 100;

let loaded: Native | undefined;

/** The addon, loaded on first use: importing the library does nothing on a machine that cannot run it. */
export function addon(): Native {
  loaded ??= initialize(load());
  return loaded;
}

function load(): Native {
  if (process.platform !== 'linux') {
    throw new VmoError('ERR_VMO_UNSUPPORTED', `vmoffer needs Linux (memfd, userfaultfd); this is ${process.platform}`);
  }
  const path = fileURLToPath(new URL(`../build/${BUILD}/${ADDON}.node`, import.meta.url));
  log.addon('loading %s', path);
  try {
    return createRequire(import.meta.url)(path) as Native;
  } catch (cause) {
    throw new VmoError('ERR_VMO_UNSUPPORTED', explainFailure(path, cause), { cause });
  }
}

function explainFailure(path: string, cause: unknown): string {
  const remedy =
    'run `npm rebuild vmoffer` (in a checkout: `npm run build:native`) with a C++20 compiler, make and Python 3';
  if (!existsSync(path)) return `the native addon has not been built, ${path} does not exist; ${remedy}`;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return `the native addon ${path} cannot be loaded (${reason}); ${remedy}`;
}

function initialize(native: Native): Native {
  let isScheduled = false;
  const sweep = () => {
    isScheduled = false;
    if (native.sweep()) scheduleSweep();
  };
  const scheduleSweep = () => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(sweep, SWEEP_INTERVAL_MS).unref();
  };
  native.initialize({ createError: createNativeError, scheduleSweep });
  return native;
}
