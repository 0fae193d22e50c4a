/** A time limit for operations: none may hang. */

export class Hang extends Error {}

/** Settles as the promise does. If that takes longer than `ms`, rejects with a `Hang` that names `what`. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Hang(`${what} hangs: no end after ${ms / 1000} s`));
    }, ms);
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
  }
}
