/** A way to get bytes from one process to another. The library's ways and those of its peers are driven alike. */

/** In milliseconds, from the request for the bytes. */
export interface Arrival {
  /** To one byte being read. */
  first: number;
  /** To every byte having been summed up. */
  last: number;
}

export interface Way {
  name: string;
  /** Larger sizes are not measured: see the bench's notes. */
  mostBytes?: number;
  deliver(byteLength: number): Promise<Arrival>;
}
