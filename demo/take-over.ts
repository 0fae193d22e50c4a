/** The claimer's part: find the offers of the process whose pid is the only argument. */
import { incomingOffers, VMO_DISOWN, VMO_GRANT_W, type IncomingOffer } from 'vmoffer';
import { Failure } from './failure.js';
import { Letter } from './letter.js';

const PATIENCE_MS = 30_000;

export interface Taken<Said extends object, Answered extends object> {
  /** Not claimed yet. */
  memory: IncomingOffer;
  letter: Letter<Said, Answered>;
}

export function sourcePid(): number {
  const pid = Number(process.argv[2]);
  if (!Number.isInteger(pid)) throw new Failure('this program wants the pid of the source as its argument.');
  return pid;
}

export interface AllTaken<Said extends object, Answered extends object> {
  /** Not claimed yet, in no order. */
  memories: IncomingOffer[];
  letter: Letter<Said, Answered>;
}

export async function takeOver<Said extends object, Answered extends object>(): Promise<Taken<Said, Answered>> {
  const { memories, letter } = await takeAll<Said, Answered>(1);
  const [memory] = memories;
  if (!memory) throw new Failure('there is no memory.');
  return { memory, letter };
}

export async function takeAll<Said extends object, Answered extends object>(
  memoryCount: number,
): Promise<AllTaken<Said, Answered>> {
  const memories: IncomingOffer[] = [];
  let letter: IncomingOffer | undefined;
  const from = sourcePid();
  for await (const offer of incomingOffers({ from, signal: AbortSignal.timeout(PATIENCE_MS) })) {
    if (isLetter(offer)) letter = offer;
    else memories.push(offer);
    if (memories.length === memoryCount && letter) return { memories, letter: Letter.open(await letter.claim()) };
  }
  throw new Failure(`process ${from} has offered nothing.`);
}

/** The letter is the only offer that both may write. */
function isLetter({ flags }: IncomingOffer): boolean {
  return (flags & (VMO_GRANT_W | VMO_DISOWN)) === VMO_GRANT_W;
}
