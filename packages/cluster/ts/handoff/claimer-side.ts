/**
 * The side of a hand-off that wants the memory, as a function of what happens; see source-side.ts.
 *
 * 1. It has the memory once it has learnt that its `owned` is in the book, and has a whole copy, verified, before it asks for that.
 * 2. From then on it keeps the copy until it has learnt that the change was refused.
 */
import type { Entry, OfferRecord } from '../engine/engine.js';
import { effectOf, resolve, withoutLease, type BookEffect, type BookEvent, type Write } from './book-write.js';

export type ClaimerPhase = 'asking' | 'pulling' | 'owning' | 'giving-back' | 'over';

export interface ClaimerState {
  readonly phase: ClaimerPhase;
  readonly entry: Entry;
  readonly pull: 'none' | 'running' | 'whole' | 'failed';
  readonly write: Write | undefined;
}

export type ClaimerEvent = BookEvent | { type: 'pulled' } | { type: 'pull-failed' } | { type: 'renew' };

export type ClaimerEffect =
  | BookEffect
  | { do: 'pull' }
  /** The memory is ours. */
  | { do: 'own' }
  /** It is not: what has been copied is thrown away. */
  | { do: 'discard'; why: 'not-offered' | 'lost' | 'failed' };

export type ClaimerStep = [ClaimerState, ClaimerEffect[]];

export interface Lease {
  ms: number;
  now: number;
  /** New each time. */
  nonce: string;
}

export function startClaimer(entry: Entry, lease: Lease): ClaimerStep {
  const state: ClaimerState = { phase: 'asking', entry, pull: 'none', write: undefined };
  if (entry.record.stage !== 'offered') return discard(state, 'not-offered');
  return change(state, 'ask', claiming(entry.record, lease));
}

export function stepClaimer(state: ClaimerState, event: ClaimerEvent, lease: Lease): ClaimerStep {
  if (state.phase === 'over') return [state, []];
  switch (event.type) {
    case 'seen':
      return [state, []]; // what counts is how its own changes are answered
    case 'found':
      return onFound(state, event.entry, lease);
    case 'written':
      return onWritten(state, event.entry, lease);
    case 'refused':
    case 'unknown':
      return [state, state.write ? [{ do: 'find' }] : []];
    case 'pulled':
      return onPulled({ ...state, pull: 'whole' }, lease);
    case 'pull-failed':
      return onPulled({ ...state, pull: 'failed' }, lease);
    case 'renew':
      return state.phase === 'pulling' && !state.write
        ? change(state, 'renew', claiming(state.entry.record, lease))
        : [state, []];
  }
}

function onFound(state: ClaimerState, entry: Entry | undefined, lease: Lease): ClaimerStep {
  const { write } = state;
  if (!write) return [state, []];
  if (isDoneByUs(write, entry)) return onWritten(state, entry, lease);
  const resolved = resolve(write, entry);
  if (resolved.as === 'again') return [state, [effectOf(write)]];
  if (resolved.as === 'written') return onWritten(state, entry, lease);
  return discard(state, reasonOf(state));
}

/** The source has read our `owned`, and was quicker with its `done` than our answer. */
function isDoneByUs(write: Write, entry: Entry | undefined): boolean {
  return entry?.record.stage === 'done' && entry.record.nonce === write.next?.nonce;
}

function onWritten(state: ClaimerState, entry: Entry | undefined, lease: Lease): ClaimerStep {
  if (!state.write || !entry) return [state, []];
  const free = { ...state, entry, write: undefined };
  switch (state.phase) {
    case 'asking':
      return [{ ...free, phase: 'pulling', pull: 'running' }, [{ do: 'pull' }]];
    case 'owning':
      return [{ ...free, phase: 'over' }, [{ do: 'own' }]];
    case 'giving-back':
      return discard(free, 'failed');
    default:
      return onPulled(free, lease);
  }
}

function onPulled(state: ClaimerState, lease: Lease): ClaimerStep {
  if (state.phase !== 'pulling' || state.write) return [state, []];
  const record = withoutLease(state.entry.record);
  const { nonce } = lease;
  if (state.pull === 'whole') return change({ ...state, phase: 'owning' }, 'own', { ...record, stage: 'owned', nonce });
  if (state.pull === 'failed')
    return change({ ...state, phase: 'giving-back' }, 'give-back', { ...record, stage: 'offered', nonce });
  return [state, []];
}

function reasonOf({ phase }: ClaimerState): 'not-offered' | 'lost' | 'failed' {
  if (phase === 'asking') return 'not-offered';
  return phase === 'giving-back' ? 'failed' : 'lost';
}

function discard(state: ClaimerState, why: 'not-offered' | 'lost' | 'failed'): ClaimerStep {
  return [{ ...state, phase: 'over', write: undefined }, [{ do: 'discard', why }]];
}

function change(state: ClaimerState, what: string, next: OfferRecord): ClaimerStep {
  const write: Write = { what, over: state.entry, next };
  return [{ ...state, write }, [effectOf(write)]];
}

function claiming(record: OfferRecord, { ms, now, nonce }: Lease): OfferRecord {
  return { ...record, stage: 'claiming', nonce, lease: { ms, until: now + ms } };
}
