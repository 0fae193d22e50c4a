// Which of the tools that a build needs are missing.
import { spawnSync } from 'node:child_process';

const CXX = process.env.CXX ?? 'g++';
const MODERN_CXX = ['-std=gnu++20', '-fsyntax-only', '-x', 'c++', '-'];
const CXX_PROGRAM = '#include <concepts>\n#include <span>\nint main() {}\n';
const KERNEL_PROGRAM = '#include <linux/userfaultfd.h>\nint main() {}\n';

/** @returns {{ need: import('./install-hint.mjs').Need, finding: string }[]} */
export function missingTools() {
  return [...missingPython(), ...missingMake(), ...missingCompiler()];
}

function missingPython() {
  const python = process.env.npm_config_python ?? process.env.PYTHON ?? 'python3';
  if (succeeds(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 6))'])) return [];
  return [{ need: 'python3', finding: `no ${python} of version 3.6 or later, which node-gyp needs` }];
}

function missingMake() {
  return succeeds('make', ['--version']) ? [] : [{ need: 'make', finding: 'no make' }];
}

function missingCompiler() {
  if (!succeeds(CXX, MODERN_CXX, CXX_PROGRAM)) {
    const version = outputOf(CXX, ['-dumpfullversion', '-dumpversion']);
    const finding = version === undefined ? `no ${CXX}` : `${CXX} ${version} does not know C++20`;
    return [{ need: 'g++', finding: `${finding}: g++ 10 or later is needed, by that name or as CXX=PATH` }];
  }
  if (!succeeds(CXX, MODERN_CXX, KERNEL_PROGRAM)) {
    return [{ need: 'linux-headers', finding: "no headers of the kernel's interface (linux/userfaultfd.h)" }];
  }
  return [];
}

function succeeds(command, args, input = '') {
  return spawnSync(command, args, { input, stdio: ['pipe', 'ignore', 'ignore'] }).status === 0;
}

function outputOf(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
