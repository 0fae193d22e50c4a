/**
 * Rejects when `signal` is aborted, with its reason if no other is given. Stops listening to it when `done` is aborted, and then
 * never settles.
 */
export function aborted(signal: AbortSignal, done: AbortSignal, reason = (): unknown => signal.reason): Promise<never> {
  return new Promise((_, reject) => {
    const tell = () => {
      reject(reason());
    };
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true, signal: done });
  });
}
