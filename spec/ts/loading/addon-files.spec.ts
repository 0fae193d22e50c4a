import { expect } from 'chai';
import { addonFiles } from '#ts/loading/addon-files.js';

const PUBLISHED = { build: 'Release', addon: 'vmoffer', arch: 'arm64', hasOtherLibc: false };

describe('the files that may be the addon', () => {
  it('are the one built from source, then the one that came with the package', () => {
    expect(addonFiles(PUBLISHED)).to.deep.equal(['build/Release/vmoffer.node', 'prebuilds/linux-arm64.node']);
  });

  it('are only the built one if the C library is not glibc', () => {
    expect(addonFiles({ ...PUBLISHED, hasOtherLibc: true })).to.deep.equal(['build/Release/vmoffer.node']);
  });

  it('never include the published one if a spec asks for another', () => {
    expect(addonFiles({ ...PUBLISHED, addon: 'probe' })).to.deep.equal(['build/Release/probe.node']);
    expect(addonFiles({ ...PUBLISHED, build: 'Debug' })).to.deep.equal(['build/Debug/vmoffer.node']);
  });
});
