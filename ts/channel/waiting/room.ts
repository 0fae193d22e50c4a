/** Called when a channel has given back descriptors, mappings or memory of this process, for which the listeners wait. */
const listeners = new Set<() => void>();

/** Returns the way to stop. */
export function onRoom(listener: () => void): () => void {
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
  };
}

export function roomWasMade(): void {
  for (const listener of listeners) listener();
}
