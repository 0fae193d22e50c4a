/** The messages of fork(), between a process and its child, serialized as JSON or as structured clones. */
import type { ChildProcess, SerializationType } from 'node:child_process';
import { CreditedPort, type Poster } from '../credited-port.js';
import type { Way } from '../end.js';
import { EventEnd } from '../event-end.js';
import type { Run } from '../run.js';
import { startSecond } from '../second-process.js';

type Decode = (value: unknown) => Uint8Array;

export const childProcessWay = childProcessWayOf('advanced');
export const jsonChildProcessWay = childProcessWayOf('json', fromJson);

function childProcessWayOf(serialization: SerializationType, decode?: Decode): Way {
  return {
    openFirst: (run: Run) => Promise.resolve(endOf(startSecond(run, serialization), decode)),
    openSecond: () => Promise.resolve(endOf(process, decode)),
  };
}

function endOf(other: ChildProcess | NodeJS.Process, decode: Decode | undefined): EventEnd {
  const poster: Poster = {
    post: (value) => void other.send?.(value as object),
    subscribe: (onValue) => other.on('message', onValue),
  };
  return new EventEnd(new CreditedPort(poster, decode));
}

/** JSON.stringify() accepts a Buffer, but JSON.parse() does not return one. */
function fromJson(value: unknown): Uint8Array {
  return Buffer.from((value as { data: number[] }).data);
}
