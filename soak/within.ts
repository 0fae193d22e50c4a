/** No operation may hang. */

export class Hang extends Error {}

/** Settles as the promise does, and rejects with a `Hang` that names `what` when that takes longer. */
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
