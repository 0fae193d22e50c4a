import { expect } from 'chai';
import { packageManagerOf } from '#ts/loading/package-manager.js';

function managerOf(folder: string, ...files: string[]): string | undefined {
  return packageManagerOf(folder, (path) => files.includes(path));
}

describe('the package manager', () => {
  it('is recognized by the path of a package that it links from its own store', () => {
    expect(managerOf('/app/node_modules/.pnpm/vmoffer@0.1.0/node_modules/vmoffer')).to.equal('pnpm');
    expect(managerOf('/home/me/.local/share/pnpm/store/v11/links/@/vmoffer/0.1.0/x/node_modules/vmoffer')).to.equal(
      'pnpm',
    );
    expect(managerOf('/app/node_modules/.bun/vmoffer@0.1.0/node_modules/vmoffer')).to.equal('bun');
    expect(managerOf('/app/.yarn/unplugged/vmoffer-file-0e/node_modules/vmoffer')).to.equal('yarn');
  });

  const tree = '/app/node_modules/vmoffer';
  for (const [file, manager] of [
    ['/app/node_modules/.package-lock.json', 'npm'],
    ['/app/node_modules/.modules.yaml', 'pnpm'],
    ['/app/node_modules/.yarn-state.yml', 'yarn'],
    ['/app/node_modules/.yarn-integrity', 'yarn'],
    ['/app/bun.lock', 'bun'],
    ['/app/bun.lockb', 'bun'],
    ['/app/yarn.lock', 'yarn'],
    ['/app/pnpm-lock.yaml', 'pnpm'],
    ['/app/package-lock.json', 'npm'],
    ['/package-lock.json', 'npm'],
  ] as const) {
    it(`is ${manager} if there is ${file}`, () => {
      expect(managerOf(tree, file)).to.equal(manager);
    });
  }

  it('is the one that made node_modules, whatever lock file is left over', () => {
    expect(managerOf(tree, '/app/yarn.lock', '/app/node_modules/.package-lock.json')).to.equal('npm');
  });

  it('is the nearest one', () => {
    expect(managerOf('/app/part/node_modules/vmoffer', '/app/yarn.lock', '/app/part/bun.lock')).to.equal('bun');
  });

  it('is unknown if no package manager has left a trace', () => {
    expect(managerOf(tree)).to.be.undefined;
  });
});
