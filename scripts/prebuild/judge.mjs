// The rules for what a binary of the addon may import and export, so that it loads on every supported Node and Linux.

/** @typedef {import('./elf.mjs').DynamicSymbol} DynamicSymbol */

/** The glibc of Debian 11. */
export const GLIBC_FLOOR = '2.31';
/** The code and a static libstdc++ take some 1.3 MB. A third more means debug information, or a library that slipped in. */
export const MAX_RELEASE_BYTES = 1_700_000;

const EXPORTS = ['napi_register_module_v1', 'node_api_module_get_api_version_v1'];
const NODE_API = /^(napi|node_api)_/;
const C_LIBRARY = /^(libc|libm|libdl|libpthread|ld-linux[-\w]*)\.so\.\d+$/;
const COMPILERS_LIBRARY = /^(libstdc\+\+|libgcc_s)\.so\.\d+$/;
/** Weak references in GCC's start files, which nothing need define. */
const START_FILES = ['__gmon_start__', '_ITM_registerTMCloneTable', '_ITM_deregisterTMCloneTable'];

/** @param {string} version such as GLIBC_2.34 @param {string} floor */
export function isNewer(version, floor) {
  const [, major = '', minor = '0'] = /^GLIBC_(\d+)\.(\d+)/.exec(version) ?? [];
  const [floorMajor, floorMinor] = floor.split('.').map(Number);
  if (major === '') return version.startsWith('GLIBC_'); // an ability of the loader, or private
  return Number(major) > floorMajor || (Number(major) === floorMajor && Number(minor) > floorMinor);
}

/** @param {DynamicSymbol} symbol @param {boolean} isRelease */
function isAllowed({ name, library, isWeak }, isRelease) {
  if (library === '') return NODE_API.test(name) || (isWeak && START_FILES.includes(name));
  return C_LIBRARY.test(library) || (!isRelease && COMPILERS_LIBRARY.test(library));
}

/**
 * What is wrong with the imports of a binary. Empty if it loads wherever there are Node-API and a C library.
 * @param {DynamicSymbol[]} symbols @param {{ isRelease: boolean }} options
 */
export function problemsOfImports(symbols, { isRelease }) {
  const imports = symbols.filter(({ isDefined }) => !isDefined);
  const strangers = imports.filter((symbol) => !isAllowed(symbol, isRelease));
  const newer = isRelease ? imports.filter(({ version }) => isNewer(version, GLIBC_FLOOR)) : [];
  return [
    ...strangers.map(
      ({ name, version }) => `${name}${version && `@${version}`} is neither Node-API's nor the C library's`,
    ),
    ...newer.map(({ name, version }) => `${name}@${version} is newer than glibc ${GLIBC_FLOOR}`),
  ];
}

/**
 * What is wrong with the versions that a release binary needs, whether or not a symbol has them.
 * @param {string[]} versions
 */
export function problemsOfVersions(versions) {
  return versions
    .filter((version) => isNewer(version, GLIBC_FLOOR))
    .map((version) => `${version} is needed, which glibc ${GLIBC_FLOOR} lacks`);
}

/**
 * What is wrong with the exports of a release binary.
 * @param {DynamicSymbol[]} symbols
 */
export function problemsOfExports(symbols) {
  const exported = symbols.filter(({ isDefined }) => isDefined).map(({ name }) => name);
  return [
    ...exported
      .filter((name) => !EXPORTS.includes(name))
      .map((name) => `${name} is exported, which Node does not need`),
    ...EXPORTS.filter((name) => !exported.includes(name)).map((name) => `${name} is not exported, which Node needs`),
  ];
}
