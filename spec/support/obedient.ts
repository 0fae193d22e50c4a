/** Starts obedient processes and threads: they use the library as a spec tells them. */
import type { ObedientCommands } from '../../fixtures/obedient.js';
import { startFixture, type Child, type ChildOptions } from './child.js';

export type Obedient = Child<ObedientCommands>;

export function startObedient(options?: ChildOptions): Promise<Obedient> {
  return startFixture<ObedientCommands>('obedient', options);
}
