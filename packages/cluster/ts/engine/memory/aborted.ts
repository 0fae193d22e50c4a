/** Rejects with the reason of `signal`. Stops listening to it when `done` is aborted, and then never settles. */
export function aborted(signal: AbortSignal, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const tell = () => {
      reject(signal.reason);
    };
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true, signal: done });
  });
}
