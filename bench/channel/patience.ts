/** Takes about ten seconds. A process that only polls is not told that the other one has ended. */
const MOST_POLLS = 1e9;

export function expectPatience(polls: number): void {
  if (polls > MOST_POLLS) throw new Error('the other side does not get on');
}
