/** The two sides of one ring, the real RingWriter and RingReader, as threads for the Explorer. */
import { AssertionError } from 'chai';
import { ClaimsAhead } from '#ts/channel/enclosed/claims-ahead.js';
import { ringWrittenBy, type RingLayout } from '#ts/channel/ring/layout.js';
import { RingReader } from '#ts/channel/ring/ring-reader.js';
import { RingWriter } from '#ts/channel/ring/ring-writer.js';
import type { ThreadMemory, ThreadSpec } from './interleavings.js';

export const SLOTS = 2;
export const layout: RingLayout = ringWrittenBy('opener', { slots: SLOTS, slotBytes: 56 });

/** A slot's bytes. Only the first word matters. */
interface View {
  length: number;
  at: number;
}

/** Replaces the typed arrays and Atomics: every access is a step of the thread. */
class Arrays {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;

  constructor(memory: ThreadMemory) {
    this.words = new Proxy(
      {},
      {
        get: (_, word) => memory.load(Number(word)),
        set: (_, word, value) => {
          memory.store(Number(word), value as number);
          return true;
        },
      },
    ) as Int32Array;
    this.bytes = {
      set: (message: Uint8Array, at: number) => {
        memory.store(at >> 2, message[0] ?? 0);
      },
      subarray: (begin: number, end: number): View => ({ length: end - begin, at: begin }),
    } as unknown as Uint8Array;
  }
}

/** Runs a function with an Atomics that works on objects that are not typed arrays. */
function withPlainAtomics(run: () => void): void {
  const { load, store } = Atomics;
  const plain = {
    load: (words: Int32Array, word: number) => words[word],
    store: (words: Int32Array, word: number, value: number) => (words[word] = value),
  };
  Object.assign(Atomics, plain);
  try {
    run();
  } finally {
    Object.assign(Atomics, { load, store });
  }
}

export type Mutate<T> = (side: T, words: Int32Array) => void;

/** Sends the numbers 1 to `count`, sleeps while there is no room, waits until all are received, and closes. */
export function writerThread(count: number, mutate?: Mutate<RingWriter>): ThreadSpec {
  const program = (memory: ThreadMemory) => {
    const { words, bytes } = new Arrays(memory);
    const writer = new RingWriter(words, bytes, layout, () => {
      memory.ring('reader');
    });
    mutate?.(writer, words);
    for (let number = 1; number <= count; number++) {
      while (!writer.hasRoom()) {
        if (!writer.prepareToSleep()) continue;
        memory.wait('writer');
        writer.wakeUp();
        memory.mark(`woken for ${number}`);
      }
      writer.write(Uint8Array.of(number));
      if (number === SLOTS + 1) memory.ring('refilled');
      memory.mark(`sent ${number}`);
    }
    memory.wait('received');
    writer.close();
  };
  return {
    name: 'writer',
    program: (memory) => {
      withPlainAtomics(() => {
        program(memory);
      });
    },
  };
}

/**
 * Receives until the end, sleeps while there is nothing, and checks that every number comes once and in order. With `isPatient`
 * it gives the first slot back, and waits until the writer has used the room before it asks for the next message.
 */
export function readerThread(count: number, isPatient = false, mutate?: Mutate<RingReader>): ThreadSpec {
  const program = (memory: ThreadMemory) => {
    const { words, bytes } = new Arrays(memory);
    const claims = new ClaimsAhead({ peerPid: 0, onEnclosure: () => undefined });
    const reader = new RingReader(
      words,
      bytes,
      layout,
      () => {
        memory.ring('writer');
      },
      claims,
    );
    mutate?.(reader, words);
    let received = 0;
    let isWriterDead = false;
    for (;;) {
      const message = reader.read();
      if (message) {
        received++;
        const { at } = message.bytes as unknown as View;
        if (memory.load(at >> 2) !== received) throw new AssertionError(`message ${received} is another one`);
        if (received === count) memory.ring('received');
        if (isPatient && received === 1) {
          message.release();
          memory.wait('refilled');
        }
        memory.mark(`received ${received}`);
      } else if (reader.isAtEnd()) {
        if (received !== count) throw new AssertionError(`the end came after ${received} of ${count}`);
        break;
      } else if (isWriterDead) {
        break;
      } else if (reader.prepareToSleep()) {
        isWriterDead = memory.wait('reader');
        reader.wakeUp();
        memory.mark(`woken after ${received}, ${String(isWriterDead)}`);
      }
    }
    memory.store(RECEIVED_WORD, received);
  };
  return {
    name: 'reader',
    program: (memory) => {
      withPlainAtomics(() => {
        program(memory);
      });
    },
  };
}

/** At its end the reader stores here how many it has received. This is not a word of a ring. */
export const RECEIVED_WORD = -1;
