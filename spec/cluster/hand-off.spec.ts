import { expect } from 'chai';
import { movesOf, startWorld, wrongIn, type Budget, type World } from './hand-off-model.js';

const NONE: Budget = { losses: 0, leases: 0, renewals: 0, failures: 0, cancels: 0, crashes: 0, claims: 1 };

interface Found {
  worlds: number;
  endings: Set<string>;
  wrong: string | undefined;
}

interface Visit {
  world: World;
  way: readonly string[];
}

function explore(budget: Partial<Budget>): Found {
  const seen = new Set<string>();
  const endings = new Set<string>();
  const open: Visit[] = [{ world: startWorld({ ...NONE, ...budget }), way: [] }];
  for (let visit = open.pop(); visit; visit = open.pop()) {
    const { world, way } = visit;
    const key = renamed(world);
    if (seen.has(key)) continue;
    seen.add(key);
    const moves = movesOf(world);
    const wrong = wrongIn(world, moves.length === 0);
    if (wrong !== undefined) return { worlds: seen.size, endings, wrong: [wrong, ...way].join('\n  ') };
    if (moves.length === 0) endings.add(`${world.has.source} ${world.has.claimer}`);
    for (const { name, to } of moves) open.push({ world: to, way: [...way, name] });
  }
  return { worlds: seen.size, endings, wrong: undefined };
}

/** Only which nonces are equal matters, not which they are. */
function renamed(world: World): string {
  const names = new Map<unknown, number>();
  return JSON.stringify({ ...world, nonces: 0 }, (key, value: unknown) => {
    if (key !== 'nonce') return value;
    if (!names.has(value)) names.set(value, names.size);
    return names.get(value);
  });
}

describe('a hand-off between hosts', () => {
  it('ends with the claimer having the memory', () => {
    const { wrong, endings } = explore({});
    expect(wrong).to.equal(undefined);
    expect([...endings]).to.deep.equal(['dropped owns']);
  });

  const cases: Record<string, Partial<Budget>> = {
    'answers are lost and changes are late': { losses: 3 },
    'leases pass': { leases: 2, claims: 2 },
    'leases pass and are renewed, and answers are lost': { leases: 2, renewals: 1, losses: 2, claims: 2 },
    'it is cancelled, pulls fail, and answers are lost': { cancels: 1, failures: 1, losses: 1, leases: 1, claims: 2 },
    'a side dies': { crashes: 1, losses: 1, leases: 1, claims: 2 },
    'both sides die': { crashes: 2, losses: 1, leases: 1 },
  };
  for (const [what, budget] of Object.entries(cases)) {
    it(`has one owner, in every order, where ${what}`, () => {
      const { wrong, worlds } = explore({ leases: 1, ...budget });
      if (wrong !== undefined) expect.fail(wrong);
      expect(worlds).to.be.greaterThan(50);
    });
  }
});
