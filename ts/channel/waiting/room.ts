/** What waits for descriptors, mappings or memory of this process hears here when a channel has given some back. */
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
