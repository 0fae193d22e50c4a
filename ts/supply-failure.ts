/**
 * A unit of supplied memory that nobody could bring, from {@link Claim.failures}.
 *
 * @category Claiming
 */
export interface SupplyFailure {
  /** Where it begins, in bytes from the claim's start. */
  offset: number;
  /** How long it is. */
  byteLength: number;
  /** Why: ERR_VMO_SUPPLY, ERR_VMO_TIMEOUT, ERR_VMO_PEER_GONE or what else the source has said. */
  error: Error;
}
