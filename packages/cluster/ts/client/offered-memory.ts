import { vmOffer, type OfferableMemory, type Offer } from 'vmoffer';
import type { Link } from '../link/link.js';

interface Known {
  number: number;
  offer: Offer;
  users: number;
}

/**
 * What this process has offered to its agent. One offer to the agent serves all offers of the same memory to peers, so that the
 * agent of a peer brings it once for all of them.
 */
export class OfferedMemories {
  readonly #agentPid: number;
  readonly #link: Link;
  readonly #known = new Map<string, Known>();
  #last = 0;

  constructor(agentPid: number, link: Link) {
    this.#agentPid = agentPid;
    this.#link = link;
  }

  /** @throws VmoError as vmOffer() throws. */
  use(memory: OfferableMemory, flags: number): { number: number; offer: Offer; done: () => void } {
    const key = keyOf(memory, flags) ?? `number ${this.#last + 1}`;
    const known = this.#known.get(key) ?? this.#offer(key, memory, flags);
    known.users++;
    const { number, offer } = known;
    return {
      number,
      offer,
      done: () => {
        this.#done(key, known);
      },
    };
  }

  #offer(key: string, memory: OfferableMemory, flags: number): Known {
    const offer = vmOffer(this.#agentPid, memory, flags);
    const known: Known = { number: ++this.#last, offer, users: 0 };
    this.#known.set(key, known);
    return known;
  }

  #done(key: string, known: Known): void {
    if (--known.users > 0) return;
    if (this.#known.get(key) === known) this.#known.delete(key);
    try {
      known.offer.cancel();
    } catch {
      // the agent has claimed it
    }
    this.#link.request({ op: 'forget', memory: known.number }).catch(() => undefined); // the agent has ended
  }
}

function keyOf(memory: OfferableMemory, flags: number): string | undefined {
  return 'address' in memory ? `${memory.address} ${memory.byteLength} ${flags}` : undefined;
}
