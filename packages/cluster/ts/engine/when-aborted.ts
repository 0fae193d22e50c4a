import { setMaxListeners } from 'node:events';

/** Calls it when the signal is aborted, until the returned function is called. Many calls may share one signal. */
export function whenAborted(signal: AbortSignal, call: () => void): () => void {
  setMaxListeners(0, signal); // more than ten requests are no leak
  signal.addEventListener('abort', call);
  return () => {
    signal.removeEventListener('abort', call);
  };
}
