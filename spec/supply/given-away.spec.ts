import { expect } from 'chai';
import { supply, vmOffer, VMO_GRANT_R, type Supplier } from 'vmoffer';
import { startObedient } from '../support/obedient.js';
import { needs, requires } from '../support/requires.js';
import { UNIT } from '../support/supplied.js';
import { fillWords } from '../support/words.js';

const UNITS = 512;

/** From V8 13 on, the memory of a region cannot be detached by others. */
function hasDetachKeys(): boolean {
  return Number.parseInt(process.versions.v8, 10) >= 13;
}

function isGivenAway(buffer: ArrayBuffer): boolean {
  try {
    structuredClone(buffer, { transfer: [buffer] });
    return true;
  } catch {
    return false;
  }
}

describe('a supplier that keeps the arrays that it has filled', () => {
  before(function () {
    requires(this, needs.fullUserfault);
  });

  /** It is wrong to touch them afterwards, and nobody else may suffer from it. */
  it('may give them away, also while their bytes are being put into place', async () => {
    const kept: Uint8Array[] = [];
    let givenAway = 0;
    let refused = 0;
    const supplier: Supplier = ({ offset }, into) => {
      for (const { buffer, byteLength } of kept.splice(0)) {
        if (buffer === into.buffer || byteLength === 0) continue;
        if (isGivenAway(buffer as ArrayBuffer)) givenAway++;
        else refused++;
      }
      fillWords(into, offset);
      setImmediate(() => kept.push(into));
    };
    using region = supply(UNITS * UNIT, { supplier, unit: UNIT, concurrency: 8 });
    await using reader = await startObedient();
    vmOffer(reader.pid, region, VMO_GRANT_R);
    const { region: claim } = await reader.call('claim', process.pid, region.address);
    await reader.call('ensure', claim, 0, UNITS * UNIT);
    expect(await reader.call('wrongWord', claim, 0, UNITS * UNIT)).to.equal(undefined);
    expect(region.stats().unitsFailed).to.equal(0);
    expect(hasDetachKeys() ? refused : givenAway).to.be.above(0);
  });
});
