/**
 * A file that is encrypted on the disk is memory in another process, which has no key. Only what it touches is decrypted, and
 * nothing clear reaches a disk: node out/js/examples/decrypt-on-touch.js
 */
import { fork } from 'node:child_process';
import { createCipheriv, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { incomingOffers, supply, VMO_GRANT_R, vmOffer } from 'vmoffer';

const BYTES = 16 << 20;
const PLACE = 9 << 20;
const TEXT = 'nobody else can read this';

async function source(path: string): Promise<void> {
  const [key, counter] = [randomBytes(32), randomBytes(16)];
  const clear = Buffer.alloc(BYTES);
  clear.write(TEXT, PLACE);
  writeFileSync(path, createCipheriv('aes-256-ctr', key, counter).update(clear));
  const module = new URL('./decrypting-supplier.js', import.meta.url);
  using region = supply(BYTES, { supplier: { module, options: { path, key, counter } } });
  const reader = fork(import.meta.filename, [String(process.pid)]);
  await vmOffer(reader.pid ?? 0, region, VMO_GRANT_R).released;
  console.log(`${(region.stats().unitsSupplied * region.unit) >> 10} KiB of ${BYTES >> 10} KiB were decrypted`);
}

async function read(sourcePid: number): Promise<void> {
  for await (const offer of incomingOffers({ from: sourcePid })) {
    using claim = await offer.claim();
    using _pin = await claim.ensure(PLACE, TEXT.length);
    console.log(`at ${PLACE} it says: ${new TextDecoder().decode(claim.view(PLACE, TEXT.length))}`);
    return;
  }
}

if (process.argv[2] === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'decrypt-on-touch-'));
  await source(join(folder, 'secret')).finally(() => {
    rmSync(folder, { recursive: true });
  });
} else {
  await read(Number(process.argv[2]));
}
