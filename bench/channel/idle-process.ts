/** One side of an idle Channel. Without arguments it starts the other side, and tells its parent the other side's pid. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Channel } from 'vmoffer';

async function openAndWait(): Promise<void> {
  const other = fork(fileURLToPath(import.meta.url), [String(process.pid)]);
  const channel = await Channel.open(other.pid ?? 0);
  process.on('disconnect', () => void channel.close());
  await channel.send(Buffer.from('the last for now'));
  other.once('message', () => process.send?.(other.pid));
  await waitForMessages(channel);
  other.disconnect();
}

async function acceptAndWait(openerPid: number): Promise<void> {
  const channel = await Channel.accept(openerPid);
  await channel.readable();
  process.send?.('here');
  await waitForMessages(channel);
  await channel.close();
}

async function waitForMessages(channel: Channel): Promise<void> {
  for await (const message of channel) message.release();
}

const openerPid = process.argv[2];
await (openerPid === undefined ? openAndWait() : acceptAndWait(Number(openerPid)));
