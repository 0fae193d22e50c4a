/** The ways that Node.js itself has. */
import { expectFilled } from '../filling.js';
import type { SocketReceiver } from '../node-socket.js';
import { loadReader } from '../peers/reader.js';
import type { SourceProcess } from '../source-process.js';
import { MIB } from '../units.js';
import type { Arrival, Way } from './way.js';

/** A larger message takes seconds, and several copies of all bytes in memory. */
export const MOST_BY_MESSAGE = 256 * MIB;

export const NODE_WAYS = { socket: 'Node.js, UNIX socket', message: 'Node.js, child_process' } as const;

export function nodeWays(source: SourceProcess, receiver: SocketReceiver): Way[] {
  return [
    { name: NODE_WAYS.socket, deliver: (byteLength) => receive(receiver, byteLength) },
    {
      name: NODE_WAYS.message,
      mostBytes: MOST_BY_MESSAGE,
      deliver: (byteLength) => takeMessage(source, byteLength),
    },
  ];
}

async function receive(receiver: SocketReceiver, byteLength: number): Promise<Arrival> {
  const start = performance.now();
  let first = NaN;
  const sum = await receiver.receive(byteLength, () => (first = performance.now() - start));
  const last = performance.now() - start;
  expectFilled(sum, byteLength);
  return { first, last };
}

async function takeMessage(source: SourceProcess, byteLength: number): Promise<Arrival> {
  const start = performance.now();
  const bytes = await source.send(byteLength);
  const first = performance.now() - start;
  const sum = loadReader().sum(bytes);
  const last = performance.now() - start;
  expectFilled(sum, byteLength);
  return { first, last };
}
