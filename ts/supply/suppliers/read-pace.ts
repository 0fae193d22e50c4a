/** A page cache brings a MiB in a twentieth of this, a disk takes longer. */
const QUICK_MS = 2;
/** How many reads others make after a slow one. */
const READS_BY_OTHERS = 64;

/**
 * Says whether a thread should read by itself what nobody waits for. It should while reads are quick, since to have another thread
 * read takes two wake-ups; what comes from a disk is better read by several threads at once.
 */
export class ReadPace {
  #byOthers = 0;

  /** Call this once for each read. */
  mayReadHere(): boolean {
    if (this.#byOthers === 0) return true;
    this.#byOthers--;
    return false;
  }

  /** A read by the thread itself took so long. */
  took(ms: number): void {
    if (ms > QUICK_MS) this.#byOthers = READS_BY_OTHERS;
  }
}
