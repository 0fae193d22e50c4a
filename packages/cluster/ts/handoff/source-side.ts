/**
 * The side of a hand-off that has the memory, as a function of what happens. It makes no calls: it says what to do.
 *
 *     offered ──claimer──▶ claiming ──claimer──▶ owned ──source──▶ done ──claimer──▶ (removed)
 *        ▲                    │
 *        └── source, when the lease has passed; claimer, when it has failed
 *
 * The memory is the claimer's once `owned` is in the book, and not before. Invariants:
 *
 * 1. While the book says `claiming`, nobody can write to the memory: it is in the agent's custody.
 * 2. The source side drops the memory after it has read `owned`, or that the record is gone while it was lent.
 * 3. It gives the memory to nobody else before the book says `offered` again, or the record was removed from `offered`.
 */
import type { Entry, OfferRecord } from '../engine/engine.js';
import { effectOf, resolve, withoutLease, type BookEffect, type BookEvent, type Write } from './book-write.js';

export type SourcePhase = 'offered' | 'lent' | 'dropped' | 'over';

export interface SourceState {
  readonly phase: SourcePhase;
  readonly entry: Entry;
  readonly custody: 'none' | 'taking' | 'held' | 'failed';
  readonly wantsBack: boolean;
  readonly write: Write | undefined;
  /** A watch told something while a change was under way: the book is asked again after it. */
  readonly told: boolean;
}

export type SourceEvent =
  | BookEvent
  | { type: 'lease-over'; revision: number }
  | { type: 'cancel' }
  | { type: 'custody-taken' }
  | { type: 'custody-failed' };

export type SourceEffect =
  | BookEffect
  | { do: 'take-custody' }
  | { do: 'start-lease'; ms: number; revision: number }
  /** The memory is somebody else's. */
  | { do: 'drop' }
  /** The memory is the source's again; nobody can claim it. */
  | { do: 'keep'; why: 'cancelled' | 'removed' | 'failed' }
  /** A cancel has come too late, for now. */
  | { do: 'too-late' };

export type SourceStep = [SourceState, SourceEffect[]];

const DEFAULT_LEASE_MS = 10_000;

export function startSource(entry: Entry): SourceState {
  return { phase: 'offered', entry, custody: 'none', wantsBack: false, write: undefined, told: false };
}

/** @param nonce for a change that may be made: new each time. */
export function stepSource(state: SourceState, event: SourceEvent, nonce: string): SourceStep {
  if (state.phase === 'over') return [state, []];
  switch (event.type) {
    case 'seen':
      return onSeen(state, event.entry);
    case 'found':
      return onFound(state, event.entry);
    case 'written':
      return onWritten(state, event.entry);
    case 'refused':
      return [state, state.write ? [{ do: 'find' }] : []];
    case 'unknown':
      return [state, state.write ? [{ do: 'find' }] : []];
    case 'lease-over':
      return onLeaseOver(state, event.revision, nonce);
    case 'cancel':
      return onCancel({ ...state, wantsBack: true });
    case 'custody-taken':
      return [{ ...state, custody: 'held' }, []];
    case 'custody-failed':
      return onCustodyFailed({ ...state, custody: 'failed' });
  }
}

function onSeen(state: SourceState, entry: Entry | undefined): SourceStep {
  if (entry && entry.revision <= state.entry.revision) return [state, []];
  if (state.write) return [{ ...state, told: true }, []];
  return entry ? adopt(state, entry) : onRemoved(state);
}

/** The book was asked, because the answer to a change was lost, or it was refused. */
function onFound(state: SourceState, entry: Entry | undefined): SourceStep {
  const { write } = state;
  if (!write) return onSeen(state, entry);
  const resolved = resolve(write, entry);
  if (resolved.as === 'again') return [state, [effectOf(write)]];
  if (resolved.as === 'written') return onWritten(state, entry);
  const free = { ...state, write: undefined };
  return entry ? askAgain(adopt(free, entry)) : onRemoved(free);
}

function onWritten(state: SourceState, entry: Entry | undefined): SourceStep {
  const { write } = state;
  if (!write) return [state, []];
  const free = { ...state, write: undefined };
  if (write.what === 'done') return [{ ...free, phase: 'over' }, []];
  if (!entry) return keep(free, state.custody === 'failed' ? 'failed' : 'cancelled');
  return askAgain(adopt(free, entry));
}

/** What a watch told during a change may be newer than what is known now. */
function askAgain([state, effects]: SourceStep): SourceStep {
  if (!state.told || state.write) return [state, effects];
  return [{ ...state, told: false }, [...effects, { do: 'find' }]];
}

/** Takes what the book says as the truth. */
function adopt(state: SourceState, entry: Entry): SourceStep {
  const known = { ...state, entry };
  switch (entry.record.stage) {
    case 'offered':
      return onOffered({ ...known, phase: 'offered' });
    case 'claiming':
      return onLent({ ...known, phase: 'lent' });
    case 'owned':
      return onOwned(known);
    case 'done':
      return [{ ...known, phase: 'over' }, state.phase === 'dropped' ? [] : [{ do: 'drop' }]];
  }
}

function onOffered(state: SourceState): SourceStep {
  const isUnwanted = state.wantsBack || state.custody === 'failed';
  return isUnwanted ? change(state, 'withdraw', undefined) : [state, []];
}

function onLent(state: SourceState): SourceStep {
  const { record, revision } = state.entry;
  const lease: SourceEffect = { do: 'start-lease', ms: record.lease?.ms ?? DEFAULT_LEASE_MS, revision };
  const late: SourceEffect[] = state.wantsBack ? [{ do: 'too-late' }] : [];
  const lent: SourceState = { ...state, wantsBack: false };
  if (lent.custody !== 'none') return [lent, [lease, ...late]];
  return [{ ...lent, custody: 'taking' }, [{ do: 'take-custody' }, lease, ...late]];
}

function onOwned(state: SourceState): SourceStep {
  const late: SourceEffect[] = state.wantsBack ? [{ do: 'too-late' }] : [];
  // The nonce stays the claimer's, so that the claimer whose answer was lost knows its own.
  const next: OfferRecord = { ...withoutLease(state.entry.record), stage: 'done' };
  const [changed, effects] = change({ ...state, phase: 'dropped', wantsBack: false }, 'done', next);
  return [changed, [{ do: 'drop' }, ...late, ...effects]];
}

/** Only a claimer that owns the memory removes a record that was lent. */
function onRemoved(state: SourceState): SourceStep {
  if (state.phase === 'offered') return keep(state, 'removed');
  return [{ ...state, phase: 'over' }, state.phase === 'lent' ? [{ do: 'drop' }] : []];
}

function onLeaseOver(state: SourceState, revision: number, nonce: string): SourceStep {
  const { phase, entry, write } = state;
  if (phase !== 'lent' || write || entry.revision !== revision) return [state, []];
  return change(state, 'take-back', { ...withoutLease(entry.record), stage: 'offered', nonce });
}

function onCancel(state: SourceState): SourceStep {
  if (state.write) return [state, []];
  if (state.phase === 'offered') return change(state, 'withdraw', undefined);
  return [{ ...state, wantsBack: false }, [{ do: 'too-late' }]];
}

/** The source process has ended, or has the memory no more. The record goes once it is not lent. */
function onCustodyFailed(state: SourceState): SourceStep {
  if (state.write || state.phase !== 'lent') return [state, []];
  return change(state, 'withdraw', undefined);
}

function keep(state: SourceState, why: 'cancelled' | 'removed' | 'failed'): SourceStep {
  return [{ ...state, phase: 'over' }, [{ do: 'keep', why }]];
}

function change(state: SourceState, what: string, next: OfferRecord | undefined): SourceStep {
  const write: Write = { what, over: state.entry, next };
  return [{ ...state, write }, [effectOf(write)]];
}
