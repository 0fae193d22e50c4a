// Type-checks a program in a project that has installed the package, as its users do.
import { join } from 'node:path';
import { fetchPackage } from '../fetch-package.mjs';
import { expectOk } from './checks.mjs';

/** @typedef {import('./checks.mjs').Context} Context */

const TYPED_PROGRAM = `
import { allocate, Channel, incomingOffers, vmClaim, vmOffer, VmoError, VMO_DISOWN, VMO_GRANT_R } from 'vmoffer';
import type { Claim, ClaimStats, Message, Offer, VmoErrorCode } from 'vmoffer';

export async function handOff(pid: number): Promise<bigint> {
  using region = allocate(65536);
  region.view().fill(7);
  const offer: Offer = vmOffer(pid, region, VMO_GRANT_R | VMO_DISOWN);
  const claim: Claim = await vmClaim(pid, offer.address, { paging: 'kernel' });
  const stats: ClaimStats = claim.stats();
  console.log(stats, Buffer.from(claim.buffer).toString());
  for await (const incoming of incomingOffers({ from: pid })) return incoming.address;
  return claim.address;
}

export async function receive(channel: Channel): Promise<VmoErrorCode | undefined> {
  try {
    const message: Message | undefined = await channel.receive();
    console.log(message?.bytes.length);
  } catch (error) {
    if (error instanceof VmoError) return error.code;
  }
  return undefined;
}

// @ts-expect-error A pid is a number.
vmOffer('1', allocate(65536), VMO_GRANT_R);
// @ts-expect-error There is no such paging.
void vmClaim(1, 0n, { paging: 'never' });
`;

/** The oldest TypeScript that the types support, and the newest. */
export const TYPESCRIPTS = ['5.7.3', '7.0.2'];

export const MODULES = ['node16', 'nodenext', 'bundler'];

/** Installs a TypeScript, and returns the command that runs it on the project. @param {Context} context @param {string} version */
export async function installCompiler({ project }, version) {
  if (!project.manager.needsOwnTypeScript) return [join(fetchPackage('typescript', version), 'bin', 'tsc')];
  expectOk(await project.manage(['add', '--dev', `typescript@${version}`]));
  return [...project.manager.exec, 'tsc'];
}

/** Type-checks a program, and the library's own types with it. @param {Context} context @param {string} module @param {string[]} tsc */
export async function checkTypes({ project }, module, tsc) {
  expectOk(await compile(project, module, tsc, TYPED_PROGRAM));
}

/** @param {import('./project.mjs').Project} project @param {string} module @param {string[]} tsc @param {string} text */
export function compile(project, module, tsc, text) {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: ['es2022', 'esnext.disposable'],
    types: ['node'],
    skipLibCheck: false,
    ...(module === 'bundler' ? { module: 'esnext', moduleResolution: module } : { module }),
  };
  project.write('program.ts', text);
  project.write('tsconfig.json', JSON.stringify({ compilerOptions, files: ['program.ts'] }));
  const args = [...tsc, '--project', 'tsconfig.json'];
  return project.manager.needsOwnTypeScript ? project.manage(args) : project.node(args);
}
