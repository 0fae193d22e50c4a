/**
 * Explores every order in which the steps of a few threads can happen on one memory. The threads are plain functions that
 * call the real code; each access to the memory is a step. To advance a thread by a step, the explorer runs it again from
 * its beginning, gives each access the result that it had before, and stops at the next access.
 */

/** One step of a thread on the shared memory or its bells. */
export type Access =
  | { op: 'load'; word: number }
  | { op: 'store'; word: number; value: number }
  | { op: 'ring'; bell: string }
  | { op: 'wait'; bell: string };

/** All that a thread can access. */
export interface ThreadMemory {
  load(word: number): number;
  store(word: number, value: number): void;
  ring(bell: string): void;
  /** Sleeps until the bell rings, and receives all rings. True if the thread that could ring is dead. */
  wait(bell: string): boolean;
  /**
   * Marks a place in the program. If two runs are at the same mark, and last read the same value of each word, they continue
   * in the same way. So the last mark and the results since then identify a state.
   */
  mark(where: string): void;
}

/** Makes a thread break the protocol: a store comes too late, after the next access of another kind. */
export interface Delay {
  what: (access: Access) => boolean;
  until: (access: Access) => boolean;
}

export interface ThreadSpec {
  name: string;
  program: (memory: ThreadMemory) => void;
  delay?: Delay;
  /** True if it may die before any of its steps; then every bell says so. */
  mayDie?: boolean;
}

/** What to explore, and what to leave out. */
export interface ExplorerOptions {
  /** Throws if the final memory is wrong. */
  judgeEnd?: (words: ReadonlyMap<number, number>) => void;
  /** Whether no other thread steps between this access and the next. That saves states; show elsewhere that it is true. */
  isAtomicWithNext?: (access: Access) => boolean;
}

export interface Exploration {
  states: number;
  /** How many different final states all threads can end in. */
  endings: number;
  /** The first failure, and the steps that led to it. */
  failure?: { what: string; steps: string[] };
}

/** Thrown when a run has used up its results. */
class Pending extends Error {
  constructor(readonly access: Access) {
    super('a run has come to its next access');
  }
}

interface Run {
  pending: Access | undefined;
  /** The last mark, the value last read of each word by then, and the results since. */
  key: string;
}

/** One run of a thread's program, which gets the results of its first accesses. */
class Replay implements ThreadMemory {
  readonly #results: readonly number[];
  readonly #delay: Delay | undefined;
  readonly #lastRead = new Map<number, number>();
  #delayed: Access | undefined;
  #next = 0;
  #sinceMark = 0;
  #mark = '';

  constructor(results: readonly number[], delay: Delay | undefined) {
    this.#results = results;
    this.#delay = delay;
  }

  run(program: ThreadSpec['program']): Run {
    let pending: Access | undefined;
    try {
      program(this);
    } catch (thrown) {
      if (!(thrown instanceof Pending)) throw thrown;
      pending = thrown.access;
    }
    const key = `${this.#mark}|${this.#results.slice(this.#sinceMark).join()}|${pending === undefined ? 'end' : ''}`;
    return { pending, key };
  }

  load(word: number): number {
    const value = this.#step({ op: 'load', word });
    this.#lastRead.set(word, value);
    return value;
  }

  store(word: number, value: number): void {
    this.#step({ op: 'store', word, value });
  }

  ring(bell: string): void {
    this.#step({ op: 'ring', bell });
  }

  wait(bell: string): boolean {
    return this.#step({ op: 'wait', bell }) === 1;
  }

  mark(where: string): void {
    this.#sinceMark = this.#next;
    this.#mark = `${where}/${[...this.#lastRead].map((pair) => pair.join(':')).join()}`;
  }

  #step(access: Access): number {
    if (this.#delay?.what(access)) {
      this.#delayed = access;
      return 0;
    }
    const result = this.#result(access);
    if (this.#delayed && this.#delay?.until(access)) {
      const late = this.#delayed;
      this.#delayed = undefined;
      this.#result(late);
    }
    return result;
  }

  #result(access: Access): number {
    const result = this.#results[this.#next];
    if (result === undefined) throw new Pending(access);
    this.#next++;
    return result;
  }
}

interface Thread {
  results: readonly number[];
  run: Run;
  isDead: boolean;
}

interface State {
  words: ReadonlyMap<number, number>;
  rings: ReadonlyMap<string, number>;
  threads: readonly Thread[];
  steps: Steps | undefined;
}

interface Steps {
  last: string;
  before: Steps | undefined;
}

function listOf(steps: Steps | undefined): string[] {
  const list: string[] = [];
  for (let at = steps; at; at = at.before) list.unshift(at.last);
  return list;
}

export class Explorer {
  readonly #specs: readonly ThreadSpec[];
  readonly #options: ExplorerOptions;
  readonly #seen = new Set<string>();
  #endings = 0;

  constructor(specs: readonly ThreadSpec[], options: ExplorerOptions = {}) {
    this.#specs = specs;
    this.#options = options;
  }

  explore(): Exploration {
    const open: State[] = [];
    let failure: Exploration['failure'];
    const visit = (make: () => State, step: Steps | undefined) => {
      try {
        const state = make();
        const key = keyOf(state);
        if (this.#seen.has(key)) return;
        this.#seen.add(key);
        open.push(state);
      } catch (error) {
        failure ??= { what: (error as Error).message, steps: listOf(step) };
      }
    };
    visit(() => this.#begin(), undefined);
    for (let state = open.pop(); state && !failure; state = open.pop()) failure = this.#expand(state, visit) ?? failure;
    return { states: this.#seen.size, endings: this.#endings, ...(failure && { failure }) };
  }

  #begin(): State {
    const threads = this.#specs.map((spec) => ({ results: [], run: this.#replay(spec, []), isDead: false }));
    return { words: new Map(), rings: new Map(), threads, steps: undefined };
  }

  #replay({ program, delay }: ThreadSpec, results: readonly number[]): Run {
    return new Replay(results, delay).run(program);
  }

  /** All states that are one step further. */
  #expand(
    state: State,
    visit: (make: () => State, steps: Steps | undefined) => void,
  ): Exploration['failure'] | undefined {
    let canGoOn = false;
    for (const [index, spec] of this.#specs.entries()) {
      const thread = state.threads[index];
      const access = thread?.run.pending;
      if (!thread || !access || thread.isDead) continue;
      if (canHappen(access, state)) {
        canGoOn = true;
        const steps = { last: `${spec.name}: ${describe(access)}`, before: state.steps };
        visit(() => this.#advance(state, index, spec, access, steps), steps);
      }
      if (spec.mayDie) {
        const steps = { last: `${spec.name} dies`, before: state.steps };
        visit(() => withThread({ ...state, steps }, index, { ...thread, isDead: true }), steps);
      }
    }
    return canGoOn ? undefined : this.#judge(state);
  }

  #judge({ threads, words, steps }: State): Exploration['failure'] | undefined {
    const asleep = this.#specs.filter((_, index) => isWaiting(threads[index]));
    if (asleep.length > 0) {
      return { what: `${asleep.map(({ name }) => name).join(' and ')} sleep for ever`, steps: listOf(steps) };
    }
    this.#endings++;
    try {
      this.#options.judgeEnd?.(words);
      return undefined;
    } catch (error) {
      return { what: (error as Error).message, steps: listOf(steps) };
    }
  }

  #advance(state: State, index: number, spec: ThreadSpec, access: Access, steps: Steps): State {
    const words = new Map(state.words);
    const rings = new Map(state.rings);
    const results = [...(state.threads[index]?.results ?? [])];
    let run: Run = { pending: access, key: '' };
    do {
      if (run.pending) results.push(perform(run.pending, words, rings, hasDeath(state)));
      run = this.#replay(spec, results);
    } while (run.pending && this.#options.isAtomicWithNext?.(run.pending));
    return withThread({ ...state, words, rings, steps }, index, { results, run, isDead: false });
  }
}

function withThread(state: State, index: number, thread: Thread): State {
  return { ...state, threads: state.threads.map((other, at) => (at === index ? thread : other)) };
}

function isWaiting(thread: Thread | undefined): boolean {
  return thread?.run.pending !== undefined && !thread.isDead;
}

function hasDeath({ threads }: State): boolean {
  return threads.some(({ isDead }) => isDead);
}

function canHappen(access: Access, state: State): boolean {
  return access.op !== 'wait' || (state.rings.get(access.bell) ?? 0) > 0 || hasDeath(state);
}

function perform(
  access: Access,
  words: Map<number, number>,
  rings: Map<string, number>,
  hasSomebodyDied: boolean,
): number {
  switch (access.op) {
    case 'load':
      return words.get(access.word) ?? 0;
    case 'store':
      words.set(access.word, access.value);
      return 0;
    case 'ring':
      rings.set(access.bell, 1); // a bell that has rung and was not heard rings no louder
      return 0;
    case 'wait':
      rings.set(access.bell, 0);
      return hasSomebodyDied ? 1 : 0;
  }
}

function keyOf({ words, rings, threads }: State): string {
  const memory = [...words].filter(([, value]) => value !== 0).sort(([left], [right]) => left - right);
  const bells = [...rings].filter(([, count]) => count > 0).map(([name]) => name);
  return JSON.stringify([memory, bells.sort(), threads.map(({ run, isDead }) => [run.key, isDead])]);
}

function describe(access: Access): string {
  switch (access.op) {
    case 'load':
      return `reads word ${access.word}`;
    case 'store':
      return `writes ${access.value} to word ${access.word}`;
    case 'ring':
      return `rings ${access.bell}`;
    case 'wait':
      return `hears ${access.bell}`;
  }
}
