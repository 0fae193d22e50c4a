import { expect } from 'chai';
import { Worker } from 'node:worker_threads';
import { VmoError } from 'vmoffer';
import { checkSupplierModule, loadSupplier } from '#ts/supply/load.js';
import type { SupplierModule } from '#ts/supply/supplier.js';
import { Wanted } from '../support/supplies.js';
import { rejectionOf, thrownBy } from '../support/vmo-error.js';

function moduleOf(text: string): string {
  return `data:text/javascript,${encodeURIComponent(text)}`;
}

const SEVENS = 'export default (want, into) => { into.fill(7); };';
const TAKES_OPTIONS =
  'export const createSupplier = async ({ byte }, memory) => (want, into) => { into.fill(byte + (memory?.byteLength ?? 0)); };';

async function firstByteFrom(...args: Parameters<typeof loadSupplier>): Promise<number | undefined> {
  const supplier = await loadSupplier(...args);
  const wanted = new Wanted(0, 1);
  await supplier(wanted, wanted.into);
  return wanted.into[0];
}

describe("a supplier's module", () => {
  describe('is loaded', () => {
    it('for its default export, which is the supplier', async () => {
      expect(await firstByteFrom(moduleOf(SEVENS))).to.equal(7);
      expect(await firstByteFrom(new URL(moduleOf(SEVENS)))).to.equal(7);
      expect(await firstByteFrom({ module: moduleOf(SEVENS) })).to.equal(7);
    });

    it('for its createSupplier, which gets the options and what it is made for', async () => {
      const description = { module: moduleOf(`${TAKES_OPTIONS}${SEVENS}`), options: { byte: 30 } };
      expect(await firstByteFrom(description)).to.equal(30);
      expect(await firstByteFrom(description, { byteLength: 12 })).to.equal(42);
    });

    it('in another thread, from its description', async () => {
      const description = checkSupplierModule({ module: new URL(moduleOf(TAKES_OPTIONS)), options: { byte: 9 } });
      const load = JSON.stringify(new URL(import.meta.resolve('#ts/supply/load.js')).href);
      const worker = new Worker(
        new URL(
          moduleOf(`import { parentPort, workerData } from 'node:worker_threads';
          import { loadSupplier } from ${load};
          const into = new Uint8Array(1);
          (await loadSupplier(workerData))({}, into);
          parentPort.postMessage(into[0]);`),
        ),
        { workerData: description },
      );
      const [answer] = await Promise.all([
        new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject)),
        new Promise((resolve) => worker.on('exit', resolve)),
      ]);
      expect(answer).to.equal(9);
    });
  });

  describe('is refused', () => {
    const misfits: [what: string, module: unknown, complaint: RegExp][] = [
      ['when it is no URL', './unzip.js', /must be a URL, got '.\/unzip.js'; pass new URL/],
      ['when it is a number', 7, /must be a function, a module or \{ module, options \}, got 7/],
      ['when it is null', null, /got null/],
      ['when it describes none', { options: {} }, /must be a function, a module/],
      ['when it describes none that has an address', { module: 7 }, /must be a URL, got 7/],
      ['when it is elsewhere', 'https://example.org/x.js', /must be a URL of a file, got 'https:/],
      ['when its options cannot be cloned', { module: 'file:///x.js', options: { f: () => 1 } }, /pass plain data/],
    ];
    for (const [what, module, complaint] of misfits) {
      it(what, async () => {
        const { message } = thrownBy(() => checkSupplierModule(module), 'ERR_VMO_INVALID_ARGUMENT');
        expect(message).to.match(complaint);
        const again = await rejectionOf(loadSupplier(module as SupplierModule), 'ERR_VMO_INVALID_ARGUMENT');
        expect(again.message).to.equal(message);
      });
    }

    const useless: [what: string, text: string, complaint: RegExp][] = [
      ['when it exports nothing', '', /the default export .* is undefined; export createSupplier/],
      ['when its default export is no function', 'export default 7;', /must be a supplier.* it is 7/],
      ['when createSupplier is no function', 'export const createSupplier = 7;', /must be a function, it is 7/],
      ['when createSupplier returns none', 'export function createSupplier() {}', /createSupplier .* is undefined/],
    ];
    for (const [what, text, complaint] of useless) {
      it(what, async () => {
        const { message } = await rejectionOf(loadSupplier(moduleOf(text)), 'ERR_VMO_INVALID_ARGUMENT');
        expect(message).to.match(complaint);
      });
    }

    it('when nothing in it takes the options', async () => {
      const description = { module: moduleOf(SEVENS), options: {} };
      const { message } = await rejectionOf(loadSupplier(description), 'ERR_VMO_INVALID_ARGUMENT');
      expect(message).to.match(/exports no createSupplier, which would take the options/);
    });
  });

  describe('fails', () => {
    it('when it is not there', async () => {
      const error = await rejectionOf(loadSupplier('file:///no-such-supplier.js'), 'ERR_VMO_SUPPLY');
      expect(error.message).to.match(/no-such-supplier.js could not be loaded: Cannot find module/);
      expect(error.cause).to.include({ code: 'ERR_MODULE_NOT_FOUND' });
    });

    it('when it throws, whatever it throws', async () => {
      const thrown = await rejectionOf(loadSupplier(moduleOf('throw new RangeError("no")')), 'ERR_VMO_SUPPLY');
      expect(thrown.message).to.match(/could not be loaded: no$/);
      expect(thrown.cause).to.be.instanceOf(RangeError);
      const odd = await rejectionOf(loadSupplier(moduleOf('throw 7')), 'ERR_VMO_SUPPLY');
      expect(odd.message).to.match(/could not be loaded: 7$/);
    });

    it('when createSupplier throws or rejects', async () => {
      for (const keyword of ['', 'async ']) {
        const module = moduleOf(`export ${keyword}function createSupplier() { throw new RangeError('no key'); }`);
        const error = await rejectionOf(loadSupplier({ module, options: 1 }), 'ERR_VMO_SUPPLY');
        expect(error.message).to.match(/could not make its supplier: no key$/);
        expect(error.cause).to.be.instanceOf(RangeError);
      }
    });

    it('with the error of the library that createSupplier throws', async () => {
      const vmoffer = JSON.stringify(import.meta.resolve('vmoffer'));
      const module = moduleOf(
        `import { VmoError } from ${vmoffer}; export function createSupplier() { throw new VmoError('ERR_VMO_BUSY', 'b'); }`,
      );
      const error = await rejectionOf(loadSupplier(module), 'ERR_VMO_BUSY');
      expect(error).to.be.instanceOf(VmoError).and.to.include({ message: 'b' });
    });
  });
});
