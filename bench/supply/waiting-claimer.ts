/** A process that claims supplied memory and touches a unit that never comes. Its source hears it ask. */
import { vmClaim } from 'vmoffer';

export interface Wait {
  source: number;
  address: bigint;
  offset: number;
}

process.once('message', ({ source, address, offset }: Wait) => {
  void vmClaim(source, address).then((claim) => claim.view()[offset]);
});
