// How to run programs over the addon that is built with AddressSanitizer and UBSan (node-gyp build --debug).
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** AddressSanitizer's runtime, which comes with g++; undefined if it is missing. */
export function findRuntime() {
  const { stdout } = spawnSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' });
  const path = (stdout ?? '').trim();
  return path.startsWith('/') && existsSync(path) ? path : undefined;
}

/**
 * The environment. Node itself is not instrumented, so the runtime must be loaded first, and V8's own leaks at exit do not count.
 * SIGBUS ends a process that touches lost pages, as without a sanitizer. Freed memory stays out of use for a while, but not so
 * much of it that specs that count memory take it for a leak.
 */
export function sanitized() {
  return {
    VMOFFER_BUILD: 'Debug',
    VMOFFER_ADDON: 'probe',
    LD_PRELOAD: findRuntime() ?? '',
    ASAN_OPTIONS:
      'detect_leaks=0:quarantine_size_mb=1:abort_on_error=0:exitcode=99:allow_user_segv_handler=1:handle_sigbus=0',
    UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
  };
}
