/** The addresses at which brokers listen, from /proc/net/unix. */
import { readFileSync, statSync } from 'node:fs';

export interface BrokerSocket {
  /** Without the leading zero byte. */
  address: string;
  pidNamespace: bigint;
  pid: number;
  slot: number;
}

/** Fields: number, references, protocol, flags (0x10000: it listens), type, state, inode, path. */
const BROKER = /^\S+ \S+ \S+ 00010000 .*@(vmoffer\/(\d+)\/(\d+)\/(\d+))$/gm;

/** Every broker in this network namespace. */
export function brokerSockets(): BrokerSocket[] {
  return [...readFileSync('/proc/net/unix', 'latin1').matchAll(BROKER)].map(
    ([, address = '', namespace = '', pid, slot]) => ({
      address,
      pidNamespace: BigInt(namespace),
      pid: Number(pid),
      slot: Number(slot),
    }),
  );
}

export function brokerSocketsOf(pid: number): BrokerSocket[] {
  const own = ownPidNamespace();
  return brokerSockets().filter((socket) => socket.pid === pid && socket.pidNamespace === own);
}

export function ownPidNamespace(): bigint {
  return statSync('/proc/self/ns/pid', { bigint: true }).ino;
}
