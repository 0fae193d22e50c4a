import { VMO_DISOWN } from 'vmoffer';

export function describeFlagsOf(flags: number): { isHandOff: boolean } {
  return { isHandOff: (flags & VMO_DISOWN) === VMO_DISOWN };
}
