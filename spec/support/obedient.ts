/** Other users of the library, in a process or on a thread of their own, that do what they are told. */
import type { ObedientCommands } from '../../fixtures/obedient.js';
import { startFixture, type Child, type ChildOptions } from './child.js';

export type Obedient = Child<ObedientCommands>;

export function startObedient(options?: ChildOptions): Promise<Obedient> {
  return startFixture<ObedientCommands>('obedient', options);
}
