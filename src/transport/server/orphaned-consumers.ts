import { type ConsumerSummary, summaryOf } from '../../jetstream/consume/consumer-summary.js';
import { listConsumers } from '../../jetstream/consume/list-consumers.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { Deadline } from '../../kernel/deadline.js';
import { formerDurableName } from '../../reaction/consumer/former-durable-name.js';
import type { ReactionLogger } from '../../reaction/reaction-logger.js';
import { legacyDurableName } from '../legacy/legacy-durable.js';
import type { PlannedConsumer } from './plan-consumers.js';

const LOOK_TIMEOUT_MS = 10_000;
/** How old a look is before health takes another one. */
const LOOK_AGAIN_MS = 30_000;

/** A durable consumer of a service that none of its handlers has, and that no other instance reads. */
export interface OrphanedConsumer {
  /** The JetStream stream. */
  readonly stream: string;
  /** Name of the consumer. */
  readonly consumer: string;
  /** The pattern of the handler that had it; undefined where an earlier version made it. */
  readonly pattern: string | undefined;
  /** Name of that handler, or its class and method; undefined where nothing tells. */
  readonly handler: string | undefined;
  /** Events that it holds and that no handler gets: not delivered, or not acknowledged. */
  readonly pending: number;
}

/** What orphans are looked for with. */
export interface OrphanSearch {
  readonly connection: JetStreamConnection;
  /** The consumers that the service's handlers have. */
  readonly planned: readonly PlannedConsumer[];
  readonly logger: ReactionLogger;
}

/** Finds durable consumers that handlers have left behind, in the streams that the service consumes. */
export class OrphanedConsumers {
  readonly #search: OrphanSearch;
  readonly #noted = new Set<string>();
  #found: readonly OrphanedConsumer[] | undefined;
  #lookedAt = -Infinity;

  constructor(search: OrphanSearch) {
    this.#search = search;
  }

  /**
   * Those of the last look; undefined before the first, and where this user may not list consumers. When it
   * is old, another look begins.
   */
  get current(): readonly OrphanedConsumer[] | undefined {
    if (performance.now() - this.#lookedAt > LOOK_AGAIN_MS) void this.look();
    return this.#found;
  }

  /** Never rejects: a service works without. New ones are logged. */
  async look(): Promise<void> {
    this.#lookedAt = performance.now();
    try {
      this.#found = await findOrphans(this.#search);
    } catch (error) {
      this.#search.logger.warn(
        `consumers without a handler cannot be looked for: ${(error as Error).message}`,
      );
    }
    for (const orphan of this.#found ?? []) this.#note(orphan);
  }

  #note({ stream, consumer, pattern, handler, pending }: OrphanedConsumer): void {
    const key = `${stream} ${consumer}`;
    if (this.#noted.has(key)) return;
    this.#noted.add(key);
    const whose = [pattern, handler].filter((part) => part !== undefined).join(', ');
    const of = whose === '' ? '' : `, which was that of ${whose},`;
    this.#search.logger.warn(
      `consumer ${consumer} of stream ${stream}${of} has no handler in this service, and nobody reads it: ${pending} events wait. ` +
        `If its handler has another name or pattern now, give it the consumer: { consumer: { durable: '${consumer}' } }. ` +
        `Otherwise remove it: npx jetsource consumers remove ${consumer} --stream ${stream}`,
    );
  }
}

async function findOrphans({ connection, planned }: OrphanSearch): Promise<OrphanedConsumer[] | undefined> {
  const owners = new Set(planned.flatMap(({ subscription: { owner } }) => owner ?? []));
  const kept = new Set(planned.map(({ durable, selection }) => `${selection.log} ${durable?.name}`));
  const orphans: OrphanedConsumer[] = [];
  for (const stream of new Set(planned.map(({ selection }) => selection.log))) {
    const consumers = await listConsumers(connection, stream, new Deadline(LOOK_TIMEOUT_MS));
    if (consumers === undefined) return undefined;
    const left = consumers
      .map(summaryOf)
      .filter((each) => each.isDurable && !each.isRead && !kept.has(`${stream} ${each.consumer}`))
      .filter((each) => [...owners].some((owner) => isOf(owner, each)));
    orphans.push(...left.map(orphanOf));
  }
  return orphans;
}

/** Consumers of earlier versions are not marked: name and filter together say whose they are. */
function isOf(service: string, { service: owner, pattern, consumer, filters }: ConsumerSummary): boolean {
  if (pattern !== undefined) return owner === service;
  const [filter = ''] = filters;
  const former = formerDurableName({ service, label: filter, place: 0 });
  const isFormer = consumer.startsWith(former) && /^(=\d+)?$/.test(consumer.slice(former.length));
  return isFormer || consumer === legacyDurableName({ service, pattern: filter });
}

function orphanOf({
  stream,
  consumer,
  pattern,
  handler,
  pending,
  ackPending,
}: ConsumerSummary): OrphanedConsumer {
  return { stream, consumer, pattern, handler, pending: pending + ackPending };
}
