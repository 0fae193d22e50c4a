/**
 * Runs both sides of a hand-off against a book, in every order, with answers that are lost, changes that are made late, and
 * sides that die.
 */
import type { Entry, OfferRecord } from '#cluster/engine/engine.js';
import {
  startClaimer,
  stepClaimer,
  type ClaimerEffect,
  type ClaimerEvent,
  type ClaimerState,
} from '#cluster/handoff/claimer-side.js';
import {
  startSource,
  stepSource,
  type SourceEffect,
  type SourceEvent,
  type SourceState,
} from '#cluster/handoff/source-side.js';

interface Change {
  over: Entry;
  next: OfferRecord | undefined;
}
type Side = 'source' | 'claimer';

/** What may still happen, so that there is an end. */
export interface Budget {
  losses: number;
  leases: number;
  renewals: number;
  failures: number;
  cancels: number;
  crashes: number;
  claims: number;
}

export interface World {
  book: Entry | undefined;
  revision: number;
  nonces: number;
  source: SourceState;
  claimer: ClaimerState | undefined;
  /** Effects that are to be carried out. */
  sourceTodo: SourceEffect[];
  claimerTodo: ClaimerEffect[];
  /** Changes that may come yet, though their answers were lost. */
  limbo: Change[];
  lease: number | undefined;
  pulling: boolean;
  has: { source: 'holds' | 'keeps' | 'dropped' | 'dead'; claimer: 'nothing' | 'owns' | 'dead' };
  left: Budget;
}

export interface Move {
  name: string;
  to: World;
}

const RECORD: OfferRecord = {
  id: '0'.repeat(32),
  from: 'a',
  to: 'b',
  stage: 'offered',
  address: '0x1000',
  byteLength: 4096,
  flags: 57,
  object: '1'.repeat(32),
  unit: 65_536,
  durable: false,
  nonce: 'first',
};

export function startWorld(left: Budget): World {
  const book: Entry = { record: RECORD, revision: 1 };
  const has = { source: 'holds', claimer: 'nothing' } as const;
  const todo = { sourceTodo: [], claimerTodo: [], limbo: [], lease: undefined, pulling: false };
  return {
    book,
    revision: 1,
    nonces: 0,
    source: startSource(book),
    claimer: undefined,
    ...todo,
    has: { ...has },
    left,
  };
}

/** Every world that can be next. */
export function movesOf(world: World): Move[] {
  return [
    ...world.sourceTodo.slice(0, 1).flatMap((effect) => carryOutSource(world, effect)),
    ...world.claimerTodo.slice(0, 1).flatMap((effect) => carryOutClaimer(world, effect)),
    ...world.limbo.map((change, at) => move(`a late change lands`, landed(world, change, at))),
    ...sourceMoves(world),
    ...claimerMoves(world),
    ...crashes(world),
  ];
}

function sourceMoves(world: World): Move[] {
  const { source, left, has, book } = world;
  if (has.source === 'dead' || source.phase === 'over') return [];
  const moves: Move[] = [];
  if (book?.revision !== source.entry.revision && !source.told)
    moves.push(move('the source sees', toSource(world, { type: 'seen', entry: book })));
  if (world.lease !== undefined && left.leases > 0) {
    const spent = spend({ ...world, lease: undefined }, 'leases');
    moves.push(move('the lease is over', toSource(spent, { type: 'lease-over', revision: world.lease })));
  }
  if (source.custody === 'taking') {
    moves.push(move('custody is taken', toSource(world, { type: 'custody-taken' })));
    if (left.failures > 0)
      moves.push(move('custody fails', toSource(spend(world, 'failures'), { type: 'custody-failed' })));
  }
  if (left.cancels > 0) moves.push(move('cancel', toSource(spend(world, 'cancels'), { type: 'cancel' })));
  return moves;
}

function claimerMoves(world: World): Move[] {
  const { claimer, left, has, source, book } = world;
  if (has.claimer === 'dead') return [];
  const isIdle = (!claimer || claimer.phase === 'over') && world.claimerTodo.length === 0;
  if (isIdle && has.claimer !== 'owns' && left.claims > 0 && book?.record.stage === 'offered')
    return [move('a claim begins', begun(spend(world, 'claims'), book))];
  if (!claimer || claimer.phase === 'over') return [];
  const moves: Move[] = [];
  if (world.pulling) {
    const done = { ...world, pulling: false };
    if (has.source === 'holds' && source.phase === 'lent' && source.custody === 'held')
      moves.push(move('all is pulled', toClaimer(done, { type: 'pulled' })));
    const isTakenBack = source.phase !== 'lent' && source.entry.revision >= claimer.entry.revision;
    const isHopeless = has.source !== 'holds' || source.custody === 'failed' || isTakenBack;
    if (isHopeless || left.failures > 0)
      moves.push(
        move('the pull fails', toClaimer(isHopeless ? done : spend(done, 'failures'), { type: 'pull-failed' })),
      );
    if (left.renewals > 0 && !claimer.write)
      moves.push(move('the lease is renewed', toClaimer(spend(world, 'renewals'), { type: 'renew' })));
  }
  return moves;
}

function begun(world: World, entry: Entry): World {
  const [claimer, claimerTodo] = startClaimer(entry, leaseOf(world));
  return { ...world, nonces: world.nonces + 1, claimer, claimerTodo };
}

function crashes(world: World): Move[] {
  if (world.left.crashes === 0) return [];
  const spent = spend(world, 'crashes');
  return [
    move('the source side dies', { ...spent, sourceTodo: [], lease: undefined, has: { ...world.has, source: 'dead' } }),
    move('the claimer side dies', {
      ...spent,
      claimerTodo: [],
      pulling: false,
      has: { ...world.has, claimer: 'dead' },
    }),
  ];
}

function carryOutSource(world: World, effect: SourceEffect): Move[] {
  const rest = { ...world, sourceTodo: world.sourceTodo.slice(1) };
  switch (effect.do) {
    case 'start-lease':
      return [move('', { ...rest, lease: effect.revision })];
    case 'drop':
      return [move('the source drops', { ...rest, has: { ...rest.has, source: 'dropped' } })];
    case 'keep':
      return [move('the source keeps', { ...rest, has: { ...rest.has, source: 'keeps' } })];
    case 'take-custody':
    case 'too-late':
      return [move('', rest)];
    default:
      return carryOut(rest, 'source', effect);
  }
}

function carryOutClaimer(world: World, effect: ClaimerEffect): Move[] {
  const rest = { ...world, claimerTodo: world.claimerTodo.slice(1) };
  switch (effect.do) {
    case 'pull':
      return [move('', { ...rest, pulling: true })];
    case 'own':
      return [move('the claimer owns', { ...rest, has: { ...rest.has, claimer: 'owns' } })];
    case 'discard':
      return [move('the claimer discards', { ...rest, pulling: false })];
    default:
      return carryOut(rest, 'claimer', effect);
  }
}

function carryOut(
  world: World,
  side: Side,
  effect: { do: 'find' } | { do: 'replace'; over: Entry; next: OfferRecord } | { do: 'withdraw'; over: Entry },
): Move[] {
  if (effect.do === 'find') return [move(`the ${side} finds`, told(world, side, { type: 'found', entry: world.book }))];
  const change: Change = { over: effect.over, next: effect.do === 'replace' ? effect.next : undefined };
  const what = `the ${side} writes ${change.next?.stage ?? 'nothing'}`;
  const fits = world.book?.revision === change.over.revision;
  const after = fits ? applied(world, change) : world;
  const answer = fits ? ({ type: 'written', entry: after.book } as const) : ({ type: 'refused' } as const);
  const moves = [move(`${what}: ${answer.type}`, told(after, side, answer))];
  if (world.left.losses === 0) return moves;
  const lost = (to: World) => told(spend(to, 'losses'), side, { type: 'unknown' });
  moves.push(move(`${what}: its answer is lost`, lost(after)));
  if (fits) moves.push(move(`${what}: it is late`, lost({ ...world, limbo: [...world.limbo, change] })));
  return moves;
}

function applied(world: World, { next }: Change): World {
  const revision = world.revision + 1;
  return { ...world, revision, book: next && { record: next, revision } };
}

function landed(world: World, change: Change, at: number): World {
  const rest = { ...world, limbo: world.limbo.filter((_, other) => other !== at) };
  return world.book?.revision === change.over.revision ? applied(rest, change) : rest;
}

function told(world: World, side: Side, event: SourceEvent & ClaimerEvent): World {
  return side === 'source' ? toSource(world, event) : toClaimer(world, event);
}

function toSource(world: World, event: SourceEvent): World {
  if (world.has.source === 'dead') return world;
  const [source, effects] = stepSource(world.source, event, `s${world.nonces}`);
  return { ...world, nonces: world.nonces + 1, source, sourceTodo: [...world.sourceTodo, ...effects] };
}

function toClaimer(world: World, event: ClaimerEvent): World {
  if (world.has.claimer === 'dead' || !world.claimer) return world;
  const [claimer, effects] = stepClaimer(world.claimer, event, leaseOf(world));
  return { ...world, nonces: world.nonces + 1, claimer, claimerTodo: [...world.claimerTodo, ...effects] };
}

function leaseOf({ nonces }: World) {
  return { ms: 10, now: 0, nonce: `c${nonces}` };
}

function spend(world: World, what: keyof Budget): World {
  return { ...world, left: { ...world.left, [what]: world.left[what] - 1 } };
}

function move(name: string, to: World): Move {
  return { name, to };
}

/** What is wrong in this world, if anything is. */
export function wrongIn({ has, claimer, claimerTodo, source }: World, isEnd: boolean): string | undefined {
  if (has.claimer === 'owns' && has.source === 'keeps') return 'two have it';
  if (has.claimer === 'owns' && source.phase === 'offered' && has.source === 'holds' && isEnd)
    return 'the source would offer again what another has';
  const mayOwn = has.claimer !== 'nothing' || claimer?.phase === 'owning' || claimerTodo.some((e) => e.do === 'own');
  if (has.source === 'dropped' && !mayOwn) return 'nobody has it';
  if (!isEnd) return undefined;
  if (has.source === 'holds' && source.phase === 'lent' && has.claimer === 'nothing') return 'it stays lent for ever';
  if (has.source === 'dropped' && has.claimer === 'nothing') return 'nobody has it in the end';
  if (source.write && has.source !== 'dead') return 'the source waits for ever';
  return claimer?.write && has.claimer !== 'dead' ? 'the claimer waits for ever' : undefined;
}
