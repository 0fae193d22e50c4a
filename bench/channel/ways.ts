/** All ways that a Node.js program has, by name. A run loads only the way that it uses. */
import type { Way } from './end.js';

const loaders = {
  'Channel, send': async () => (await import('./ways/channel.js')).pollingWay('copy'),
  'Channel, reserve': async () => (await import('./ways/channel.js')).pollingWay('in place'),
  'Channel, sendMany': async () => (await import('./ways/channel.js')).pollingWay('batch'),
  'Channel, for await': async () => (await import('./ways/channel.js')).waitingWay,
  'Channel, doorbell': async () => (await import('./ways/channel.js')).doorbellWay,
  'JavaScript ring': async () => (await import('./ways/javascript-ring.js')).javaScriptRingWay,
  net: async () => (await import('./ways/net.js')).netWay,
  'net, corked': async () => (await import('./ways/net.js')).corkedNetWay,
  child_process: async () => (await import('./ways/child-process.js')).childProcessWay,
  'child_process, json': async () => (await import('./ways/child-process.js')).jsonChildProcessWay,
  MessageChannel: async () => (await import('./ways/message-channel.js')).messageChannelWay,
  zeromq: async () => (await import('./ways/zeromq.js')).zeromqWay,
} satisfies Record<string, () => Promise<Way>>;

export type NodeWayName = keyof typeof loaders;

export const NODE_WAYS = Object.keys(loaders) as NodeWayName[];

export function loadWay(name: NodeWayName): Promise<Way> {
  return loaders[name]();
}
