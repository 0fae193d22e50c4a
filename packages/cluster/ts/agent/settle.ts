import { setTimeout as sleep } from 'node:timers/promises';
import type { Engine, Entry } from '../engine/engine.js';
import { isEngineError } from '../errors.js';
import { resolve, type Write } from '../handoff/book-write.js';

const PAUSE_MS = 200;

export interface Settled {
  as: 'written' | 'refused';
  /** What the book has now. */
  entry: Entry | undefined;
}

/** Changes the book, and finds out what became of the change if its answer is lost. Rejects when the engine's connection ends. */
export async function settle(engine: Engine, write: Write): Promise<Settled> {
  for (;;) {
    const written = await attempt(engine, write);
    if (written) return written;
    const found = await findPatiently(engine, write.over);
    const resolved = resolve(write, found);
    if (resolved.as !== 'again') return { as: resolved.as, entry: found };
  }
}

async function attempt(engine: Engine, { over, next }: Write): Promise<Settled | undefined> {
  try {
    if (next) return { as: 'written', entry: await engine.replace(over, next) };
    await engine.withdraw(over);
    return { as: 'written', entry: undefined };
  } catch (error) {
    if (isEngineError(error, 'conflict', 'uncertain', 'timeout')) return undefined;
    throw error;
  }
}

/** The record as it stands, however long the book cannot be reached. */
export async function findPatiently(engine: Engine, { record }: Entry): Promise<Entry | undefined> {
  for (;;) {
    try {
      return await engine.find(record);
    } catch (error) {
      if (!isEngineError(error, 'timeout', 'uncertain', 'gone')) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
