/** Runs specs that hold for every user twice: as this user, and as one without privileges. */
import { needs, requires } from './requires.js';

export type User = 'same' | 'nobody';

const TITLES: Record<User, string> = { same: 'as this user', nobody: 'as a user without privileges' };

function skipWithoutRoot(this: Mocha.Context): void {
  requires(this, needs.root);
}

export function describeForUsers(title: string, body: (user: User) => void): void {
  for (const user of ['same', 'nobody'] as const) {
    describe(`${title}, ${TITLES[user]}`, () => {
      if (user === 'same' || needs.root.isMet()) body(user);
      else it('is for root to start', skipWithoutRoot);
    });
  }
}
