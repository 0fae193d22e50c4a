/** What an agent counts, in the text form of Prometheus. */
const HELP = {
  offers_sent_total: 'Offers announced to other peers.',
  offers_claimed_total: 'Offers of this agent that another peer has claimed.',
  claims_total: 'Offers of other peers claimed by processes here.',
  hand_offs_given_total: 'Hand-offs of which another peer has become the owner.',
  hand_offs_taken_total: 'Hand-offs of which this peer has become the owner.',
  hand_offs_failed_total: 'Hand-offs begun here as claimer that did not end with ownership.',
  ranges_served_total: 'Ranges answered to other peers.',
  bytes_served_total: 'Bytes answered to other peers.',
  units_fetched_total: 'Units that came from other peers.',
  bytes_fetched_total: 'Bytes that came from other peers.',
  fetches_failed_total: 'Units that could not be fetched.',
  direct_reads_total: 'Units that came straight from the agent of another peer, over HTTPS.',
  direct_fallbacks_total:
    'Units that could not be had straight from that agent, and were asked for by way of the engine.',
  peers_lost_total: 'Peers that were found to be gone while something of theirs was in use.',
  offers_refused_total: 'Offers of other peers that are not allowed, or not valid.',
} as const;

export type CounterName = keyof typeof HELP;

export class Counters {
  readonly #values = new Map<CounterName, number>();

  add(name: CounterName, by = 1): void {
    this.#values.set(name, this.of(name) + by);
  }

  of(name: CounterName): number {
    return this.#values.get(name) ?? 0;
  }

  /** @param gauges what stands now, by name. */
  toText(peer: string, gauges: Record<string, number>): string {
    const label = `{peer="${peer}"}`;
    const counted = (Object.keys(HELP) as CounterName[]).flatMap((name) => [
      `# HELP vmoffer_agent_${name} ${HELP[name]}`,
      `# TYPE vmoffer_agent_${name} counter`,
      `vmoffer_agent_${name}${label} ${this.of(name)}`,
    ]);
    const standing = Object.entries(gauges).flatMap(([name, value]) => [
      `# TYPE vmoffer_agent_${name} gauge`,
      `vmoffer_agent_${name}${label} ${value}`,
    ]);
    return `${[...counted, ...standing].join('\n')}\n`;
  }
}
