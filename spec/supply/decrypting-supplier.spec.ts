import { createCipheriv } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contents, expectBytes, load } from '../support/supplies.js';

const BYTES = 1 << 20;

describe('the supplier of the example decrypt-on-touch', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'vmoffer-decrypting-'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  /** The last counter runs over within the file: it begins again at 0. */
  for (const counter of [Buffer.alloc(16), Buffer.alloc(16, 0x5a), Buffer.alloc(16, 0xff)]) {
    it(`decrypts any range, the counter beginning with ${counter.toString('hex', 0, 2)}`, async () => {
      const path = join(folder, 'secret');
      const key = Buffer.alloc(32, 7);
      const clear = contents(BYTES);
      writeFileSync(path, createCipheriv('aes-256-ctr', key, counter).update(clear));
      const module = new URL('../../examples/decrypting-supplier.js', import.meta.url).href;
      await using secret = await load({ module, options: { path, key, counter } }, { byteLength: BYTES });
      for (const [offset, byteLength] of [
        [0, BYTES],
        [65_536, 65_536],
        [BYTES - 4096, 4096],
      ] as const) {
        expectBytes(await secret.fill(offset, byteLength), clear.subarray(offset, offset + byteLength));
      }
    });
  }
});
