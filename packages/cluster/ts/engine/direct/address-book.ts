import type { Change, DirectAddress, Entry, OfferName } from '../engine.js';

/** As many offers as an agent takes of one peer. Those beyond are read by way of the engine. */
const MAX_OFFERS = 65_536;

interface Known {
  object: string;
  address: DirectAddress;
}

/** Where the objects of other peers are read directly, as long as a record says so. */
export class AddressBook {
  readonly #self: string;
  readonly #offers = new Map<string, Known>();
  readonly #objects = new Map<string, Set<string>>();

  constructor(self: string) {
    this.#self = self;
  }

  get size(): number {
    return this.#offers.size;
  }

  of(holder: string, object: string): DirectAddress | undefined {
    const [offer] = this.#objects.get(keyOf(holder, object)) ?? [];
    return offer === undefined ? undefined : this.#offers.get(offer)?.address;
  }

  onChange({ name, entry }: Change): void {
    this.#forget(name);
    if (entry && name.to === this.#self) this.#learn(entry);
  }

  #learn({ record }: Entry): void {
    const { from, object, direct } = record;
    if (!direct || this.#offers.size >= MAX_OFFERS) return;
    const offer = idOf(record);
    const key = keyOf(from, object);
    const offers = this.#objects.get(key) ?? new Set();
    this.#objects.set(key, offers.add(offer));
    this.#offers.set(offer, { object, address: direct });
  }

  #forget(name: OfferName): void {
    const offer = idOf(name);
    const known = this.#offers.get(offer);
    if (!known) return;
    this.#offers.delete(offer);
    const key = keyOf(name.from, known.object);
    const offers = this.#objects.get(key);
    offers?.delete(offer);
    if (offers?.size === 0) this.#objects.delete(key);
  }
}

/** Ids are chosen by the senders, so that two of them may choose the same. */
function idOf({ id, from }: OfferName): string {
  return `${from} ${id}`;
}

function keyOf(holder: string, object: string): string {
  return `${holder} ${object}`;
}
