import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createNativeError, VmoError } from './errors.js';
import { addonFiles } from './loading/addon-files.js';
import { explainLoadFailure } from './loading/explain-load-failure.js';
import { fileExists } from './loading/file-exists.js';
import { lackOf } from './loading/lack.js';
import { gatherLoadFacts, type LoadAttempt } from './loading/load-facts.js';
import { hasOtherLibc, isCutOff, readMachine } from './loading/read-elf.js';
import { log } from './log.js';
import type { Native } from './native.js';
import { withSecondTry, type Addon } from './second-try.js';

/*
 * VMOFFER_BUILD and VMOFFER_ADDON name another build (Debug: the sanitizers') and another addon (probe) of this package.
 * They are for the project's own specs.
 */
const BUILD = process.env['VMOFFER_BUILD'] ?? 'Release';
const ADDON = process.env['VMOFFER_ADDON'] ?? 'vmoffer';
const PACKAGE_FOLDER = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const SWEEP_INTERVAL_MS = 100;

let loaded: Addon | undefined;

/** The addon, loaded on first use: importing the library does nothing on a machine that cannot run it. */
export function addon(): Addon {
  loaded ??= withSecondTry(initialize(load()));
  return loaded;
}

/** If one file cannot be loaded the next is tried, because people copy node_modules between machines. */
function load(): Native {
  const attempts: LoadAttempt[] = [];
  let cause: unknown;
  for (const file of filesToTry()) {
    const path = join(PACKAGE_FOLDER, file);
    if (!fileExists(path)) {
      attempts.push({ file });
      continue;
    }
    try {
      return loadFile(path);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      log.addon('%s cannot be loaded: %s', path, message);
      attempts.push({ file, failure: { code, message, machine: readMachine(path) } });
      cause = error;
    }
  }
  const lack = lackOf(attempts);
  if (lack) throw new VmoError(lack.code, lack.message, { cause });
  throw new VmoError('ERR_VMO_UNSUPPORTED', explainLoadFailure(gatherLoadFacts(PACKAGE_FOLDER, attempts)), { cause });
}

function filesToTry(): string[] {
  if (process.platform !== 'linux') return [];
  return addonFiles({ build: BUILD, addon: ADDON, arch: process.arch, hasOtherLibc: hasOtherLibc() });
}

function loadFile(path: string): Native {
  log.addon('loading %s', path);
  if (isCutOff(path)) throw new Error('file too short');
  return createRequire(import.meta.url)(path) as Native;
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
  const scheduleLook = () => {
    queueMicrotask(() => {
      native.lookForClaims();
    });
  };
  native.initialize({ createError: createNativeError, scheduleSweep, scheduleLook });
  return native;
}
