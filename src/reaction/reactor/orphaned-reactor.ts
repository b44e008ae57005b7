import type { FoundConsumer } from './reactor-consumers.js';

/** A durable consumer that a reactor left behind: it is not defined any more. */
export interface OrphanedReactor {
  /** Name of the reactor. */
  readonly reactor: string;
  /** Names of its durable consumers. */
  readonly consumers: readonly string[];
  /** Commits that nobody handles. */
  readonly pending: number;
}

/** Those among the consumers of a service whose reactors are not defined. */
export function orphansIn(
  consumers: readonly FoundConsumer[],
  isDefined: (reactor: string) => boolean,
): OrphanedReactor[] {
  const orphans = new Map<string, OrphanedReactor>();
  for (const {
    of: { reactor },
    info,
  } of consumers) {
    if (isDefined(reactor)) continue;
    const { consumers: names = [], pending = 0 } = orphans.get(reactor) ?? {};
    const more = info.num_pending + info.num_ack_pending;
    orphans.set(reactor, { reactor, consumers: [...names, info.name], pending: pending + more });
  }
  return [...orphans.values()];
}
