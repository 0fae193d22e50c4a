/** Claimers of supplied memory that speak the protocol by hand (fixtures/hostile/supplied.py), and what is said to them. */
import { expect } from 'chai';
import { vmOffer, VMO_GRANT_R, type Offer, type SuppliedRegion } from 'vmoffer';
import { startHostile, type Child } from './child.js';

export const UNIT = 64 * 1024;

export interface Terms {
  unit: number;
  timeoutMs: number;
  byteLength: number;
  flags: number;
  inOrder: boolean;
}

export class HandClaimer implements AsyncDisposable {
  readonly #child: Child;
  readonly offer: Offer;
  readonly terms: Terms;

  private constructor(child: Child, offer: Offer, terms: Terms) {
    this.#child = child;
    this.offer = offer;
    this.terms = terms;
  }

  static async of(region: SuppliedRegion, flags = VMO_GRANT_R): Promise<HandClaimer> {
    const child = await startHostile('supplied', [process.pid]);
    const offer = vmOffer(child.pid, region, flags);
    child.say(JSON.stringify(['claim', String(region.address), 0]));
    return new HandClaimer(child, offer, await child.event<Terms>('claimed'));
  }

  do(act: string, ...args: (number | string | boolean)[]): void {
    this.#child.say(JSON.stringify([act, ...args]));
  }

  ask(unit: number, count = 1, isWaitedFor = true): void {
    this.do('ask', unit * UNIT, count * UNIT, isWaitedFor);
  }

  said(): Promise<object> {
    return this.#child.event('said');
  }

  event<V>(name: string): Promise<V> {
    return this.#child.event(name);
  }

  async expectReady(unit: number, count = 1): Promise<void> {
    expect(await this.said()).to.deep.equal(ready(unit, count));
  }

  /** The first byte of a unit, in the object. */
  async byteOf(unit: number): Promise<number> {
    this.do('read', unit * UNIT, 1);
    return Number.parseInt(await this.event<string>('bytes'), 16);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child[Symbol.asyncDispose]();
    await this.offer.released;
  }
}

export function ready(unit: number, count = 1): object {
  return { is: 'ready', offset: unit * UNIT, length: count * UNIT };
}

export function recall(unit: number, number: number): object {
  return { is: 'recall', number, offset: unit * UNIT, length: UNIT };
}
