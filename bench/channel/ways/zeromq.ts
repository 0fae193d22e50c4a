/** zeromq (npm) over ipc://, a pair of sockets. */
import { Pair } from 'zeromq';
import type { Way } from '../end.js';
import { EventEnd, type Port } from '../event-end.js';
import type { Run } from '../run.js';
import { startSecond } from '../second-process.js';

export const zeromqWay: Way = {
  async openFirst(run: Run) {
    const socket = new Pair();
    await socket.bind(addressOf(process.pid));
    startSecond(run);
    return new EventEnd(portOf(socket));
  },
  openSecond(_run: Run, firstPid: number) {
    const socket = new Pair();
    socket.connect(addressOf(firstPid));
    return Promise.resolve(new EventEnd(portOf(socket)));
  },
};

/** An abstract address, which needs no file. */
function addressOf(pid: number): string {
  return `ipc://@vmoffer-bench-messages-${pid}`;
}

function portOf(socket: Pair): Port {
  return {
    // More than the high-water marks of both sides together.
    underway: 4096,
    post: (message) => socket.send(message),
    listen: (onMessage) => void receiveAll(socket, onMessage),
  };
}

async function receiveAll(socket: Pair, onMessage: (message: Uint8Array) => void): Promise<void> {
  for await (const [message] of socket) onMessage(message as Uint8Array);
}
