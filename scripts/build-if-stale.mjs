// Brings dist/, out/ and the addon up to date, and prints nothing if they are.
import { join } from 'node:path';
import { root, runNpm } from './run.mjs';
import { isStale } from './stale.mjs';

process.chdir(root);
const code = (isStale(join('build', 'Release', 'vmoffer.node')) ? runNpm('build:native') : 0) || runNpm('build:ts');
process.exitCode = code;
