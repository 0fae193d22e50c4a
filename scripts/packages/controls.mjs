// Checks whether another package fails in the same way as this one. Then the failure says nothing about this one.
import { compile } from './types.mjs';

/** Installed beside the package. p-queue is like it: an ES module with dependencies. */
export const BESIDE = ['@types/node@20', 'p-queue@9'];

/** @param {import('./checks.mjs').Context} context */
export async function whyNothingIsRequired({ project }) {
  const { isOk } = await project.node(['--input-type=commonjs', '--eval', "require('p-queue')"]);
  if (isOk) return undefined;
  return `require('p-queue') fails as well: with Node.js ${process.versions.node}, ${project.manager.name} resolves no import of an ES module that is required`;
}

/** @param {import('./checks.mjs').Context} context @param {string} module @param {string[]} tsc */
export async function whyNothingIsTyped({ project }, module, tsc) {
  const program = "import Queue from 'p-queue';\nexport const size: number = new Queue().size;\n";
  const { isOk } = await compile(project, module, tsc, program);
  return isOk
    ? undefined
    : `a program with p-queue alone fails as well: this TypeScript does not read what ${project.manager.name} installs`;
}
