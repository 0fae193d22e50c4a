/** How bytes get from one process to another: the library's ways and those of its peers, all driven alike. */

/** Milliseconds from asking for the bytes. */
export interface Arrival {
  /** To one byte being read. */
  first: number;
  /** To every byte having been summed up. */
  last: number;
}

export interface Way {
  name: string;
  /** Beyond this it is not measured: see the bench's notes. */
  mostBytes?: number;
  deliver(byteLength: number): Promise<Arrival>;
}
