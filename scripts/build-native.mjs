// npm run build:native: builds the addon from source into build/Release. First it looks for the tools, and says which are
// missing. --probe: with the test-only addon of the specs. Works in an installed package as well: node PATH/TO/THIS.
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describeMissing } from './build-native/install-hint.mjs';
import { findNodeGyp, headersBesideNode, node, nodeVersion, runNodeGyp } from './build-native/node-gyp.mjs';
import { missingTools } from './build-native/tools.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const defines = process.argv.includes('--probe') ? ['--', '-Dwith_probe=1'] : [];

function fail(message, code = 1) {
  console.error(message);
  process.exit(code);
}

function readOsRelease() {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
}

if (process.platform !== 'linux') fail(`vmoffer is built on Linux alone; this is ${process.platform}`);
if (!node) fail('There is no node on PATH: node-gyp, which builds the addon, is a program for it.');
const missing = missingTools();
if (missing.length > 0) fail(describeMissing(missing, readOsRelease()));

const nodeGyp = findNodeGyp();
if (!nodeGyp) {
  fail(
    'There is no node-gyp, which npm brings along: npm is neither on PATH nor beside node.\n' +
      'Install npm, or name the script of a node-gyp: npm_config_node_gyp=PATH/bin/node-gyp.js',
  );
}

const nodedir = process.env.npm_config_nodedir ?? headersBesideNode();
if (!nodedir) {
  const { code, output } = runNodeGyp(nodeGyp, ['install', '--ensure'], { cwd: root, isQuiet: true });
  if (code !== 0) {
    fail(
      `The headers of Node.js ${nodeVersion()} cannot be fetched, and are not beside ${node}:\n` +
        `${lastLines(output)}\n` +
        'Without a network, unpack the release of this version and name its folder: npm_config_nodedir=FOLDER',
    );
  }
}

const own = nodedir ? [`--nodedir=${nodedir}`] : [];
const configured = runNodeGyp(nodeGyp, ['configure', ...own, ...defines], { cwd: root, isQuiet: true });
if (configured.code !== 0)
  fail(`node-gyp cannot configure the build:\n${lastLines(configured.output)}`, configured.code);
process.exitCode = runNodeGyp(nodeGyp, ['build', '-j', 'max', ...own], { cwd: root }).code;

/** The output of node-gyp without stack traces and the lines that it always prints.
 * @param {string} text */
function lastLines(text) {
  const lines = text.split('\n').filter((line) => !/^gyp ERR! (stack +at|System|command|cwd|node|not ok)/.test(line));
  return lines.slice(-10).join('\n');
}
