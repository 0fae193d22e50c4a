import type { Region } from 'vmoffer';

/** The first bytes of a region in windows of the given length: a region may be longer than one ArrayBuffer can be. */
export function* windowsOf(
  region: Region,
  byteLength: number,
  windowBytes: number,
): Generator<Uint8Array<ArrayBuffer>> {
  for (let at = 0; at < byteLength; at += windowBytes) yield region.view(at, Math.min(windowBytes, byteLength - at));
}
