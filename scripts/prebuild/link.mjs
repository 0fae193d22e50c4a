// Links an addon that contains libstdc++ and loads with an old glibc, whatever glibc the build machine has.
//
// The linker gives a symbol the newest version that the build machine has. Most symbols have an older version in the same
// library: a few lines of assembly refer to that version, and all calls go through them. old_glibc.cc defines the symbols
// that have no older version.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readElf } from './elf.mjs';
import { GLIBC_FLOOR, isNewer } from './judge.mjs';

/** @typedef {ReturnType<typeof import('./targets.mjs').targetOf>} Target */

const OWN = ['-static-libstdc++', '-static-libgcc', '-Wl,--version-script=scripts/prebuild/exports.map'];
// Vtables refer to it weakly, and a weak reference takes nothing out of an archive.
const WANTED = ['-Wl,-u,__cxa_pure_virtual'];
const HARDENING = ['-Wl,-z,nodelete', '-Wl,-z,relro', '-Wl,-z,now', '-Wl,-z,noexecstack', '-Wl,--gc-sections'];

/** @param {Target} target @param {string[]} args */
function run(target, args) {
  return execFileSync(target.compiler, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
}

/** The libraries that had threads and dlsym before glibc 2.34. They still exist. @param {Target} target */
function formerLibraries(target) {
  const paths = ['libpthread.so.0', 'libdl.so.2'].map((name) => run(target, [`-print-file-name=${name}`]));
  return ['-Wl,--no-as-needed', ...paths, '-Wl,--as-needed'];
}

/** @param {Target} target @param {string[]} inputs @param {string} output */
function link(target, inputs, output) {
  run(target, [
    '-shared',
    '-pthread',
    ...OWN,
    ...WANTED,
    ...HARDENING,
    '-o',
    output,
    ...inputs,
    ...formerLibraries(target),
  ]);
}

/** @param {string} a @param {string} b */
const byVersion = (a, b) => a.localeCompare(b, 'en', { numeric: true });

/** For each symbol whose version is too new, the newest version that is old enough. @param {Target} target @param {string} binary */
function olderVersions(target, binary) {
  const newer = readElf(binary).symbols.filter(({ isDefined, version }) => !isDefined && isNewer(version, GLIBC_FLOOR));
  const offered = readElf(run(target, ['-print-file-name=libc.so.6'])).symbols;
  return newer.map(({ name, version }) => {
    const versions = offered
      .filter((symbol) => symbol.isDefined && symbol.name === name && symbol.version.startsWith('GLIBC_'))
      .map((symbol) => symbol.version)
      .filter((older) => /^GLIBC_\d/.test(older) && !isNewer(older, GLIBC_FLOOR));
    const newest = versions.sort(byVersion).at(-1);
    if (newest === undefined) {
      throw new Error(`${name}@${version} has no older version; define it in scripts/prebuild/old_glibc.cc`);
    }
    return { name, version: newest };
  });
}

/** @param {Target} target @param {{ name: string, version: string }} symbol */
function detour(target, { name, version }) {
  const wrapped = `__wrap_${name}`;
  return [
    `.symver vmo_old_${name}, ${name}@${version}`,
    `.globl ${wrapped}`,
    `.hidden ${wrapped}`,
    `.type ${wrapped}, %function`,
    `${wrapped}:`,
    `  ${target.jump.replace('NAME', `vmo_old_${name}`)}`,
  ].join('\n');
}

/**
 * @param {Target} target @param {string[]} objects @param {string} folder for intermediate files
 * @param {string} output
 */
export function linkPortably(target, objects, folder, output) {
  const first = join(folder, 'newest-versions.node');
  link(target, objects, first);
  const older = olderVersions(target, first);
  const detours = join(folder, 'detours.s');
  const stackNote = '.section .note.GNU-stack,"",%progbits';
  writeFileSync(detours, ['.text', ...older.map((symbol) => detour(target, symbol)), stackNote, ''].join('\n'));
  link(target, [...older.map(({ name }) => `-Wl,--wrap=${name}`), ...objects, detours], output);
  execFileSync(target.strip, ['--strip-unneeded', output]);
}
