import { AssertionError, expect } from 'chai';
import {
  HEAD_WORD,
  READER_SLEEPS_WORD,
  SLOT_HEADER_BYTES,
  TAIL_WORD,
  WRITER_SLEEPS_WORD,
} from '#ts/channel/ring/layout.js';
import {
  Explorer,
  type Access,
  type Delay,
  type Exploration,
  type ThreadSpec,
} from '../../../support/interleavings.js';
import { layout, readerThread, RECEIVED_WORD, SLOTS, writerThread } from '../../../support/ring-threads.js';

/** More than there are slots, so that both sides may have to sleep. */
const COUNT = SLOTS + 1;
const [head, tail] = [layout.firstWord + HEAD_WORD, layout.firstWord + TAIL_WORD];
const [readerSleeps, writerSleeps] = [layout.firstWord + READER_SLEEPS_WORD, layout.firstWord + WRITER_SLEEPS_WORD];

const stray: ThreadSpec = {
  name: 'stray',
  program: (memory) => {
    memory.ring('reader');
    memory.ring('writer');
  },
};

function expectSound({ failure, states, endings }: Exploration): void {
  if (failure) expect.fail(`${failure.what}, after:\n  ${failure.steps.join('\n  ')}`);
  expect(endings).to.be.greaterThan(0);
  expect(states).to.be.greaterThan(1000);
}

function stores(word: number): (access: Access) => boolean {
  return (access) => access.op === 'store' && access.word === word;
}

function loads(word: number): (access: Access) => boolean {
  return (access) => access.op === 'load' && access.word === word;
}

/** Clears the word after the bell, instead of before it. */
function lateClearing(word: number): Delay {
  return { what: (access) => stores(word)(access) && 'value' in access && access.value === 0, until: isRing };
}

function isRing({ op }: Access): boolean {
  return op === 'ring';
}

/** Accesses to the slots. The first exploration shows that no other step can come between them. */
function isInSlots(access: Access): boolean {
  return 'word' in access && access.word >= layout.firstSlot / 4;
}

describe('a ring, in every order in which its steps can happen', function () {
  this.timeout(300_000);

  it('delivers all messages once and in order, and no side sleeps for ever', () => {
    expectSound(new Explorer([writerThread(COUNT), readerThread(COUNT)]).explore());
  });

  it('wakes the writer as soon as there is room, even if the reader asks for nothing more', () => {
    const explorer = new Explorer([writerThread(COUNT), readerThread(COUNT, true)], { isAtomicWithNext: isInSlots });
    expectSound(explorer.explore());
  });

  it('goes round its slots twice', () => {
    const threads = [writerThread(2 * SLOTS), readerThread(2 * SLOTS)];
    expectSound(new Explorer(threads, { isAtomicWithNext: isInSlots }).explore());
  });

  it('tolerates bells that ring for nothing', () => {
    const threads = [writerThread(SLOTS), readerThread(SLOTS), stray];
    expectSound(new Explorer(threads, { isAtomicWithNext: isInSlots }).explore());
  });

  it('delivers messages that were sent before the writer died, wherever it dies', () => {
    const deadly = { ...writerThread(COUNT), mayDie: true };
    const judgeEnd = (words: ReadonlyMap<number, number>) => {
      const [sent, received] = [words.get(head) ?? 0, words.get(RECEIVED_WORD)];
      if (received !== sent) throw new AssertionError(`${received} of ${sent} messages were received`);
    };
    expectSound(new Explorer([deadly, readerThread(COUNT)], { judgeEnd, isAtomicWithNext: isInSlots }).explore());
  });
});

describe('the exploration of a ring finds', function () {
  this.timeout(300_000);

  const cases: [what: string, writer: ThreadSpec, reader: ThreadSpec, failure: RegExp][] = [
    [
      'a reader that sleeps without looking again',
      writerThread(COUNT),
      readerThread(COUNT, false, (reader, words) => {
        reader.prepareToSleep = () => {
          Atomics.store(words, readerSleeps, 1);
          return true;
        };
      }),
      /sleep for ever/,
    ],
    [
      'a writer that sleeps without looking again',
      writerThread(COUNT, (writer, words) => {
        writer.prepareToSleep = () => {
          Atomics.store(words, writerSleeps, 1);
          return true;
        };
      }),
      readerThread(COUNT, true),
      /sleep for ever/,
    ],
    [
      'a writer that looks for sleepers before it shows its message',
      { ...writerThread(COUNT), delay: { what: stores(head), until: loads(readerSleeps) } },
      readerThread(COUNT),
      /sleep for ever/,
    ],
    [
      'a reader that looks for sleepers before it shows that there is room',
      writerThread(COUNT),
      { ...readerThread(COUNT, true), delay: { what: stores(tail), until: loads(writerSleeps) } },
      /sleep for ever/,
    ],
    [
      'a writer that rings first and takes the word back afterwards',
      { ...writerThread(COUNT), delay: lateClearing(readerSleeps) },
      readerThread(COUNT),
      /sleep for ever/,
    ],
    [
      'a reader that rings first and takes the word back afterwards',
      writerThread(COUNT + SLOTS),
      { ...readerThread(COUNT + SLOTS), delay: lateClearing(writerSleeps) },
      /sleep for ever/,
    ],
    [
      'a writer that shows a message before it is there',
      {
        ...writerThread(COUNT),
        delay: { what: stores((layout.firstSlot + SLOT_HEADER_BYTES) / 4), until: stores(head) },
      },
      readerThread(COUNT),
      /is another one/,
    ],
    [
      'a reader that gives a slot back before it has read it',
      writerThread(COUNT),
      readerThread(COUNT, false, (reader) => {
        const read = reader.read.bind(reader);
        reader.read = () => {
          const message = read();
          message?.release();
          return message;
        };
      }),
      /is another one/,
    ],
  ];
  for (const [what, writer, reader, expected] of cases) {
    it(what, () => {
      const { failure } = new Explorer([writer, reader]).explore();
      expect(failure?.what).to.match(expected);
      expect(failure?.steps).to.not.be.empty;
    });
  }
});
