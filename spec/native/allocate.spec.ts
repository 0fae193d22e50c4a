import { expect } from 'chai';
import { fstatSync, ftruncateSync, readFileSync, statSync } from 'node:fs';
import { allocate, type Region } from 'vmoffer';
import { openDescriptors } from '../support/fds.js';
import { mappingAt } from '../support/mappings.js';
import { isZeroed, PAGE } from '../support/pages.js';

const CLOSE_ON_EXEC = 0o2000000;

/** This process's descriptor of the region's memory object. */
function descriptorOf(region: Region): number {
  const inode = mappingAt(region.address)?.inode;
  const found = [...openDescriptors()].find(
    ([fd, target]) => target.startsWith('/memfd:vmoffer') && statSync(`/proc/self/fd/${fd}`).ino === inode,
  );
  return found?.[0] ?? expect.fail('there is none');
}

describe('allocate()', () => {
  it('gives zeros at the start of a page, one page or many', () => {
    for (const pages of [1, 2, 3, 511, 513]) {
      using region = allocate(pages * PAGE);
      expect(region.address % BigInt(PAGE)).to.equal(0n);
      expect(region.byteLength).to.equal(pages * PAGE);
      expect(isZeroed(region.view())).to.be.true;
    }
  });

  it('maps a memory object of exactly that size, shared, and executable if that is asked for', () => {
    for (const executable of [false, true]) {
      using region = allocate(3 * PAGE, { executable });
      const { permissions, name } = mappingAt(region.address) ?? expect.fail('it is not mapped');
      expect(permissions).to.equal(executable ? 'rwxs' : 'rw-s');
      expect(name).to.match(/^\/memfd:vmoffer/);
      expect(fstatSync(descriptorOf(region)).size).to.equal(3 * PAGE);
    }
  });

  it('seals its size at once: even its owner can neither shorten nor lengthen it', () => {
    for (const hugePages of [false, true]) {
      using region = allocate(2 ** 22, { hugePages });
      for (const byteLength of [0, PAGE, 2 ** 22 - PAGE, 2 ** 22 + PAGE]) {
        expect(() => {
          ftruncateSync(descriptorOf(region), byteLength);
        }, `${byteLength}`).to.throw('EPERM');
      }
    }
  });

  it('holds its object by a descriptor that no child inherits', () => {
    using region = allocate(PAGE);
    const info = readFileSync(`/proc/self/fdinfo/${descriptorOf(region)}`, 'latin1');
    const flags = parseInt(/flags:\s+(\d+)/.exec(info)?.[1] ?? '0', 8);
    expect(flags & CLOSE_ON_EXEC).to.equal(CLOSE_ON_EXEC);
  });
});
