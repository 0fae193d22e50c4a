import { inspect, type InspectOptions } from 'node:util';
import type { Region } from './region.js';
import { CANNOT_BE_CLONED } from './stays-here.js';
import { formatAddress } from './units.js';

/**
 * Whole pages of a region, from {@link Region.range}. Pass it to {@link vmOffer}. It holds no memory of its own, and is
 * useless once its region has been released.
 *
 * @example
 * vmOffer(destPid, region.range(0, 65536), VMO_GRANT_R);
 *
 * @category Allocating
 */
export class RegionRange {
  /** @internal */
  readonly cannotBeCloned = CANNOT_BE_CLONED;
  /** The region that the pages belong to. */
  readonly region: Region;
  /** Where the range begins, in bytes from the region's start. */
  readonly byteOffset: number;
  /** The range's length in bytes. */
  readonly byteLength: number;

  private constructor(region: Region, byteOffset: number, byteLength: number) {
    this.region = region;
    this.byteOffset = byteOffset;
    this.byteLength = byteLength;
  }

  /** @internal */
  static of(region: Region, byteOffset: number, byteLength: number): RegionRange {
    return new RegionRange(region, byteOffset, byteLength);
  }

  /** The address of the range's first byte in this process. */
  get address(): bigint {
    return this.region.address + BigInt(this.byteOffset);
  }

  /** What the range is, in words and numbers, for `JSON.stringify`. */
  toJSON(): object {
    const { byteOffset, byteLength } = this;
    return { address: formatAddress(this.address), byteOffset, byteLength };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `RegionRange ${inspect(this.toJSON(), options)}`;
  }
}
