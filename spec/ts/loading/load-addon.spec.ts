import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { BarePackage, PREBUILD, PUBLISHED_ADDON } from '../../support/bare-package.js';
import { forAnotherMachine, withRenamed } from '../../support/elf.js';

const BUILT = 'build/Release/vmoffer.node';
const WORKS = '42';
const PERMISSION = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission';

const addonBytes = () => readFileSync(PUBLISHED_ADDON);

/** A version of glibc that the addon asks for. */
function neededGlibc(): string {
  const found = /GLIBC_2\.\d\d(?=\0)/.exec(addonBytes().toString('latin1'));
  if (found === null) throw new Error(`${PUBLISHED_ADDON} asks for no version of glibc`);
  return found[0];
}

describe('loading the addon', () => {
  let bare: BarePackage;
  beforeEach(() => {
    bare = new BarePackage();
  });
  afterEach(() => {
    bare[Symbol.dispose]();
  });

  it('takes the one built from source', () => {
    expect(bare.put(BUILT, addonBytes()).run().output).to.equal(WORKS);
  });

  it('takes the one that came with the package', () => {
    expect(bare.put(PREBUILD, addonBytes()).run().output).to.equal(WORKS);
  });

  it('takes the one built from source before the other', () => {
    bare.put(BUILT, addonBytes()).put(PREBUILD, 'not looked at');
    expect(bare.run().output).to.equal(WORKS);
  });

  it('takes the one that came with the package when the built one is broken, and traces why', () => {
    bare.put(BUILT, addonBytes().subarray(0, 8192)).put(PREBUILD, addonBytes());
    const { output, errors } = bare.run([], { DEBUG: 'vmoffer:addon', DEBUG_COLORS: 'no' });
    expect(output).to.equal(WORKS);
    expect(errors).to.match(/build\/Release\/vmoffer\.node cannot be loaded: .*\n.*loading .*prebuilds\/linux-/);
  });

  it('reports that there is no addon', () => {
    const { output } = bare.run();
    expect(output).to.match(/^ERR_VMO_UNSUPPORTED: the native addon cannot be loaded in /);
    expect(output).to.include(`there is no ${BUILT}; there is no ${PREBUILD}. This package came without binaries`);
    expect(output).to.include(`Build it: node ${bare.folder}/scripts/build-native.mjs`);
  });

  it('reports in a checkout how to build it there', () => {
    using checkout = new BarePackage('checkout');
    expect(checkout.run().output).to.include(`Build it: cd ${checkout.folder} && npm run build:native`);
  });

  it('reports that a file is for another machine', () => {
    expect(bare.put(PREBUILD, forAnotherMachine(PUBLISHED_ADDON)).run().output).to.include(
      `${PREBUILD} is for s390x, and this Node.js ${process.versions.node} is for ${process.arch}. Install the dependencies`,
    );
  });

  for (const [what, byteLength] of [
    ['a few bytes', 10],
    ['its header', 64],
    ['its beginning', 8192],
  ] as const) {
    it(`reports that a file is cut off after ${what}`, () => {
      expect(bare.put(PREBUILD, addonBytes().subarray(0, byteLength)).run().output).to.match(
        /\.node is (damaged|no ELF file) \(.*\)\. Install the package again, or build it here: node /,
      );
    });
  }

  it('reports that a file is no addon', () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\n'.repeat(100);
    expect(bare.put(PREBUILD, pointer).run().output).to.include(`${PREBUILD} is no ELF file (`);
  });

  it('reports that the runtime lacks what the addon needs, before anything is called', () => {
    bare.put(PREBUILD, withRenamed(PUBLISHED_ADDON, 'napi_create_object', 'napi_create_objecu'));
    expect(bare.run().output).to.match(
      /was built for another runtime than this .*undefined symbol: napi_create_objecu/,
    );
  });

  it('reports that glibc is too old', () => {
    bare.put(PREBUILD, withRenamed(PUBLISHED_ADDON, neededGlibc(), 'GLIBC_2.99'));
    expect(bare.run().output).to.match(/needs glibc 2\.99, and this system has 2\.\d+\. Use a newer release/);
  });

  describe("under Node's permission model", () => {
    beforeEach(() => {
      bare.put(PREBUILD, addonBytes());
    });

    for (const readable of ['everything', 'the program alone']) {
      it(`reports what to allow to a process that may read ${readable}`, () => {
        const { output } = bare.run([PERMISSION, `--allow-fs-read=${readable === 'everything' ? '*' : bare.root}`]);
        expect(output).to.include(`start Node.js with ${PERMISSION} --allow-addons and --allow-fs-read for`);
      });
    }

    it('works with the command in its message', () => {
      const { output, errors } = bare.run([PERMISSION, '--allow-addons', `--allow-fs-read=${bare.root}`]);
      expect(output, errors).to.equal(WORKS);
    });

    it('reports that another option switches addons off', () => {
      expect(bare.run(['--no-addons']).output).to.include('--no-addons');
    });
  });
});
