/** Specs that hold for every user, told for this one and for one without privileges. */
import { needs, requires } from './requires.js';

export type User = 'same' | 'nobody';

const TITLES: Record<User, string> = { same: 'as this user', nobody: 'as a user without privileges' };

export function describeForUsers(title: string, body: (user: User) => void): void {
  for (const user of ['same', 'nobody'] as const) {
    describe(`${title}, ${TITLES[user]}`, () => {
      before(function () {
        if (user === 'nobody') requires(this, needs.root);
      });
      body(user);
    });
  }
}
