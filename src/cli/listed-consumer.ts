import { type ConsumerSummary, summaryOf } from '../jetstream/consume/consumer-summary.js';
import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { redriveSubject } from '../jetstream/dead-letters/dead-letter-stream.js';
import { type ReactorConsumer, reactorConsumerOf, reactorWork } from '../reaction/reactor/reactor-names.js';
import { livingWorks } from './living-works.js';

/**
 * A consumer as the command shows it. One of a reactor is read also while an instance that is busy can run its
 * lane.
 */
export interface ListedConsumer extends ConsumerSummary, Partial<Omit<ReactorConsumer, 'service'>> {}

/**
 * Tells whose consumers of a stream are.
 *
 * @throws {@link NatsError} when there are consumers of reactors, and it cannot be read who runs them.
 */
export async function listedConsumers(
  connection: JetStreamConnection,
  stream: string,
  found: readonly Parameters<typeof summaryOf>[0][],
): Promise<ListedConsumer[]> {
  const summaries = found.map((info) => ({ summary: summaryOf(info), of: reactorConsumerOf(info.config) }));
  const hasLanes = summaries.some(({ summary, of }) => of !== undefined && !isRedrive(summary));
  const works = hasLanes ? await livingWorks(connection, stream) : new Set<string>();
  return summaries.map(({ summary, of }) => {
    if (of === undefined) return summary;
    const isRun = works.has(reactorWork(of, of.lanes));
    // what is redriven to a reactor has no lanes
    if (isRedrive(summary)) return { ...summary, service: of.service, reactor: of.reactor };
    return { ...summary, ...of, isRead: summary.isRead || isRun };
  });
}

/** Whether it reads, in a dead-letter stream, what is redriven. */
export function isRedrive({ stream, consumer, filters }: ConsumerSummary): boolean {
  return filters.length === 1 && filters[0] === redriveSubject(stream, consumer);
}
