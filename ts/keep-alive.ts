import { addon } from './load-addon.js';
import { log } from './log.js';

let holders = 0;

/** Keeps the event loop alive until the returned function is called; calling that again does nothing. */
export function keepAlive(): () => void {
  if (holders++ === 0) setAlive(true);
  let isHeld = true;
  return () => {
    if (!isHeld) return;
    isHeld = false;
    if (--holders === 0) setAlive(false);
  };
}

function setAlive(isAlive: boolean): void {
  log.keepAlive(isAlive ? 'something is awaited' : 'nothing is awaited any more');
  addon().keepAlive(isAlive);
}

/** Returns a promise that settles as the callbacks of `start` say. The event loop stays alive until then. */
export function promiseOf<T>(
  start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
): Promise<T> {
  const letGo = keepAlive();
  return new Promise<T>((resolve, reject) => {
    const resolveAndLetGo = (value: T) => {
      letGo();
      resolve(value);
    };
    const rejectAndLetGo = (error: unknown) => {
      letGo();
      reject(error);
    };
    try {
      start(resolveAndLetGo, rejectAndLetGo);
    } catch (error) {
      rejectAndLetGo(error);
    }
  });
}
