/** Part 3, the source: memory that leaves it, and has one owner before and after. */
import { VMO_DISOWN, VMO_GRANT_R, VMO_GRANT_W } from 'vmoffer';
import { Checksum } from './checksum.js';
import { expectSame, Failure } from './failure.js';
import { handOver } from './hand-over.js';
import { Letter } from './letter.js';
import { allocateRandom } from './random-memory.js';
import { say } from './say.js';
import { windowsOf } from './windows.js';

const WINDOW_BYTES = 1 << 24;

export interface HandOffSaid {
  byteLength: number;
  checksum: string;
}

export interface HandOffAnswer {
  checksum: string;
}

export async function disownGigabyte(): Promise<void> {
  console.log('\n3. A hand-off: a gigabyte leaves one process and belongs to the other\n');
  using region = allocateRandom();
  const { buffer, byteLength } = region;
  const checksum = new Checksum();
  for (const window of windowsOf(region, byteLength, WINDOW_BYTES)) checksum.add(window);
  const said = { byteLength, checksum: checksum.toString() };
  say('source', `I offer it to another process, and disown it: once claimed, it is not mine any more.`);
  const letter = Letter.write<HandOffSaid, HandOffAnswer>(said);
  const answer = await handOver('hand-off-claimer', region, letter, VMO_GRANT_R | VMO_GRANT_W | VMO_DISOWN);
  expectSame('the checksum', said.checksum, answer.checksum);
  if (!region.disowned || buffer.byteLength > 0) throw new Failure('the source still has memory that it disowned.');
  say(
    'source',
    `My ArrayBuffer of it is detached: its length is ${buffer.byteLength}. The checksum that came back is mine.`,
  );
}
