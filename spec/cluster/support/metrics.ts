/** A counter, or a gauge, out of what an agent gives Prometheus. NaN if it is not there. */
export function counterIn(metrics: string, name: string): number {
  return Number(new RegExp(`^vmoffer_agent_${name}\\{.*\\} (\\d+)$`, 'm').exec(metrics)?.[1]);
}
