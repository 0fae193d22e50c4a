/** A run that has come to its end and does not end must fail, and say what holds it up. */

interface Report {
  workers: unknown[];
  libuv: { type: string; is_active?: boolean; is_referenced?: boolean }[];
}

/**
 * Kills this process if it is still there in `graceMs`: something keeps it alive then. It keeps nothing alive itself.
 * By SIGKILL, because a thread that stands in a page fault holds up any other end.
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
