import type { Engine, Entry } from '../engine/engine.js';
import { isEngineError } from '../errors.js';
import type { BookEffect, BookEvent } from '../handoff/book-write.js';
import { findPatiently } from './settle.js';

/** Does to the book what a side of a hand-off wants, and says how it went. Rejects when the connection has ended for good. */
export async function carryOut(engine: Engine, about: Entry, effect: BookEffect): Promise<BookEvent> {
  if (effect.do === 'find') return { type: 'found', entry: await findPatiently(engine, about) };
  try {
    if (effect.do === 'replace') return { type: 'written', entry: await engine.replace(effect.over, effect.next) };
    await engine.withdraw(effect.over);
    return { type: 'written', entry: undefined };
  } catch (error) {
    if (isEngineError(error, 'conflict')) return { type: 'refused' };
    if (isEngineError(error, 'uncertain', 'timeout', 'gone')) return { type: 'unknown' };
    throw error;
  }
}
