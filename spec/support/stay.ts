/** Makes a run fail that has finished and does not exit, and says what keeps it alive. */

interface Report {
  workers: unknown[];
  libuv: { type: string; is_active?: boolean; is_referenced?: boolean }[];
}

/**
 * Kills this process if it still lives after `graceMs`, because something keeps it alive then. The timer itself keeps nothing
 * alive. It uses SIGKILL, because a thread that waits in a page fault holds up every other way to exit.
 */
export function refuseToStay(graceMs: number): void {
  const refuse = () => {
    console.error(`the run is over, but something keeps the process alive: ${whatKeepsAlive().join(', ')}`);
    process.kill(process.pid, 'SIGKILL');
  };
  setTimeout(refuse, graceMs).unref();
}

function whatKeepsAlive(): string[] {
  const { workers, libuv } = process.report.getReport() as unknown as Report;
  const handles = libuv.filter((handle) => handle.is_active === true && handle.is_referenced === true);
  return [`worker threads: ${workers.length}`, ...handles.map(({ type }) => `a handle '${type}'`)];
}
