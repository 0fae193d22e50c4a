import type { Duplex } from 'node:stream';

/** Reads no byte more: what follows is the link's. Undefined if the stream ends before. */
export async function firstLine(stream: Duplex): Promise<string | undefined> {
  const bytes: number[] = [];
  for (;;) {
    const byte = stream.read(1) as Buffer | null;
    if (byte?.[0] === 10) return Buffer.from(bytes).toString('utf8');
    if (byte) bytes.push(byte[0] ?? 0);
    else if (stream.destroyed || stream.readableEnded) return undefined;
    else await nextEvent(stream);
  }
}

function nextEvent(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const events = ['readable', 'end', 'close', 'error'];
    const done = () => {
      for (const event of events) stream.off(event, done);
      resolve();
    };
    for (const event of events) stream.on(event, done);
  });
}
