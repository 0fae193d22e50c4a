/** A MessageChannel between two threads of one process. */
import { MessageChannel, Worker, workerData, type MessagePort } from 'node:worker_threads';
import { CreditedPort } from '../credited-port.js';
import type { Way } from '../end.js';
import { EventEnd } from '../event-end.js';
import type { Run } from '../run.js';
import { SECOND } from '../second-process.js';

export const messageChannelWay: Way = {
  openFirst(run: Run) {
    const { port1, port2 } = new MessageChannel();
    new Worker(SECOND, {
      argv: [JSON.stringify(run), String(process.pid)],
      workerData: port2,
      transferList: [port2],
    });
    return Promise.resolve(endOf(port1));
  },
  openSecond: () => Promise.resolve(endOf(workerData as MessagePort)),
};

function endOf(port: MessagePort): EventEnd {
  return new EventEnd(
    new CreditedPort({
      post: (value) => {
        port.postMessage(value);
      },
      subscribe: (onValue) => port.on('message', onValue),
    }),
  );
}
