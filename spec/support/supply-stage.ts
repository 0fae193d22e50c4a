/** Sources and claimers of supplied memory for a spec, which ends them all after each of its tests. Its bytes are spec/support/words.ts. */
import { supply, vmOffer, VMO_GRANT_R, type ClaimOptions, type SuppliedRegion, type SupplyOptions } from 'vmoffer';
import type { WordsOptions } from '../../fixtures/suppliers/words.js';
import { startObedient, type Obedient } from './obedient.js';
import { UNIT } from './supplied.js';
import type { User } from './users.js';

export { UNIT };

/** A claim in a process of its own. */
export interface StagedClaim {
  reader: Obedient;
  claim: number;
  paging: string;
}

/** Memory that another process supplies. */
export interface StagedSource {
  source: Obedient;
  region: number;
  address: bigint;
}

export class SupplyStage {
  readonly #byteLength: number;
  readonly #children: Obedient[] = [];
  readonly #regions: SuppliedRegion[] = [];

  constructor(byteLength: number) {
    this.#byteLength = byteLength;
  }

  async start(user: User = 'same'): Promise<Obedient> {
    const child = await startObedient({ user });
    this.#children.push(child);
    return child;
  }

  /** Memory that this process supplies. */
  supplied(
    options: Omit<SupplyOptions, 'supplier'> = {},
    words: WordsOptions = {},
    byteLength = this.#byteLength,
  ): SuppliedRegion {
    const supplier = { module: new URL('../../fixtures/suppliers/words.js', import.meta.url), options: words };
    const region = supply(byteLength, { supplier, unit: UNIT, ...options });
    this.#regions.push(region);
    return region;
  }

  async claim(memory: SuppliedRegion, options?: ClaimOptions, user?: User): Promise<StagedClaim> {
    const reader = await this.start(user);
    vmOffer(reader.pid, memory, VMO_GRANT_R);
    const { region, paging } = await reader.call('claim', process.pid, memory.address, options);
    return { reader, claim: region, paging };
  }

  async startSource(
    options: Omit<SupplyOptions, 'supplier'> = {},
    words: WordsOptions = {},
    user?: User,
  ): Promise<StagedSource> {
    const source = await this.start(user);
    return { source, ...(await source.call('supply', this.#byteLength, { unit: UNIT, ...options }, words)) };
  }

  async claimFrom({ source, region, address }: StagedSource): Promise<StagedClaim> {
    const reader = await this.start();
    await source.call('offerSupplied', reader.pid, region);
    const { region: claim, paging } = await reader.call('claim', source.pid, address);
    return { reader, claim, paging };
  }

  /** Ends the processes, and releases what this process supplies. */
  async clear(): Promise<void> {
    for (const child of this.#children.splice(0)) await child[Symbol.asyncDispose]();
    for (const region of this.#regions.splice(0)) region.release();
  }
}
