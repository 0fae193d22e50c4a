import type { Region } from './region.js';

/** Whole pages of a region, made by `region.range()`. It holds no memory of its own. */
export class RegionRange {
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
}
