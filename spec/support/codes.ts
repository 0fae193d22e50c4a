/** The numbers of `Code` in engine/base/status.h, which go over the wire and never change their meaning. */
export const Code = {
  Ok: 0,
  InvalidArgument: 1,
  NoProcess: 2,
  NotOffered: 3,
  TooLate: 4,
  NotPermitted: 5,
  Busy: 6,
  NotOwned: 7,
  Timeout: 8,
  PeerGone: 9,
  Protocol: 10,
  Unsupported: 11,
  NoMemory: 12,
  TooMany: 13,
  Supply: 14,
} as const;
