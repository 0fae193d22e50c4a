/** Called when a channel gives back descriptors, mappings or memory, so that another channel may now be accepted. */
const listeners = new Set<() => void>();

/** Returns a function that removes the listener. */
export function onRoom(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function roomWasMade(): void {
  for (const listener of listeners) listener();
}
