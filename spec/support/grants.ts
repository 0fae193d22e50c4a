/** Every combination of grants, with the permissions that /proc/PID/maps shows for the claimer's mapping. */
import { VMO_GRANT_R as R, VMO_GRANT_W as W, VMO_GRANT_X as X } from 'vmoffer';

export const GRANTS = [
  { name: 'R', flags: R, permissions: 'rw-p' },
  { name: 'W', flags: W, permissions: 'rw-s' },
  { name: 'R and W', flags: R | W, permissions: 'rw-s' },
  { name: 'X', flags: X, permissions: 'rwxp' },
  { name: 'R and X', flags: R | X, permissions: 'rwxp' },
  { name: 'W and X', flags: W | X, permissions: 'rwxs' },
  { name: 'R, W and X', flags: R | W | X, permissions: 'rwxs' },
];
