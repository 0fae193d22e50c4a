import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { VmoError } from '../errors.js';

/** A package of its own, because it depends on the clients of what connects hosts. */
const PACKAGE = 'vmoffer-cluster';
const PROGRAM = 'dist/agent/main.js';

/** Runs the program of an agent in this process, with these arguments. It ends when the agent does. */
export async function runAgent(args: readonly string[]): Promise<void> {
  const program = findProgram();
  process.argv.splice(1, process.argv.length, fileURLToPath(program), ...args);
  await import(program.href);
}

/** Where package managers put it: beside this package, or for the project in the working directory alone. */
function findProgram(): URL {
  const found = [besideThisPackage(), pathToFileURL(join(process.cwd(), 'node_modules', PACKAGE, 'package.json'))]
    .filter((manifest) => manifest !== undefined)
    .map((manifest) => new URL(PROGRAM, manifest))
    .find((program) => existsSync(program));
  if (found) return found;
  throw new VmoError(
    'ERR_VMO_UNSUPPORTED',
    `'vmoffer agent' is part of the package ${PACKAGE}, which is not installed here; run: npm install ${PACKAGE}`,
  );
}

function besideThisPackage(): URL | undefined {
  try {
    return new URL(import.meta.resolve(`${PACKAGE}/package.json`));
  } catch {
    return undefined;
  }
}
