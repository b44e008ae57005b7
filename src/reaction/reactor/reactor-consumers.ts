import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import { ConsumerSettingsError } from '../../jetstream/consume/consumer-errors.js';
import { ensureConsumer } from '../../jetstream/consume/ensure-consumer.js';
import { listConsumers } from '../../jetstream/consume/list-consumers.js';
import { ApiCode } from '../../jetstream/api/api-codes.js';
import { findValue, unexpectedFault } from '../../jetstream/connection/expect-value.js';
import { Deadline } from '../../kernel/deadline.js';
import { mapBounded } from '../../kernel/map-bounded.js';
import type { ReactorDefinition } from './reactor-definition.js';
import { laneFilters } from './reactor-filters.js';
import { laneDurable, type ReactorConsumer, reactorConsumerOf, reactorMetadata } from './reactor-names.js';
import { ReactorPositions } from './reactor-positions.js';
import type { ReactorStart } from './reactor-start.js';

type ConsumerInfo = Awaited<ReturnType<typeof ensureConsumer>>;

const TIMEOUT_MS = 10_000;
/** Consumers that are created at a time. */
const WIDTH = 8;
const NS_PER_MS = 1_000_000;
/** A claim runs out after this long, in milliseconds. It is extended while it is needed. */
const ACK_WAIT_MS = 30_000;
/** Messages that wait for others of their streams are pending as well. */
const MOST_PENDING = 50_000;

/** A durable consumer of a reactor, as the server has it. */
export interface FoundConsumer {
  readonly of: ReactorConsumer;
  readonly info: ConsumerInfo;
}

/** What {@link ReactorConsumers.createMissing} found. */
export interface MissingConsumers {
  /** Names of the reactors that had another number of lanes. */
  readonly changed: ReadonlySet<string>;
  /** Consumers that had existed before: each begins after what was noted of it. */
  readonly resumed: readonly { readonly consumer: string; readonly after: number }[];
}

/** The durable consumers of the reactors of one service, in the stream of a store. */
export class ReactorConsumers {
  readonly #store: JetStreamEventStore;
  readonly #service: string;
  /** By name, up to which sequence each was done when it was seen last. */
  readonly #floors = new Map<string, number>();
  readonly #positions: ReactorPositions;
  #created: string | undefined;

  constructor(store: JetStreamEventStore, service: string) {
    this.#store = store;
    this.#service = service;
    this.#positions = new ReactorPositions(store.records);
  }

  /**
   * Those that exist, whatever their reactors.
   *
   * @throws {@link NatsError} when they cannot be listed.
   */
  async list(): Promise<readonly FoundConsumer[]> {
    const { connection, jetStream } = this.#store;
    const found = await listConsumers(connection, jetStream, new Deadline(TIMEOUT_MS));
    if (found === undefined)
      throw unexpectedFault(`listing the consumers of stream ${jetStream}`, {
        code: 403,
        description: 'forbidden',
      });
    const own = found.flatMap((info) => {
      const of = reactorConsumerOf(info.config);
      return of?.service === this.#service ? [{ of, info }] : [];
    });
    for (const { info } of own) this.#floors.set(info.name, floorOf(info));
    return own;
  }

  /**
   * Creates those of all lanes that are missing. What is stored afterwards is not missed, whoever owns the lane
   * then, and whenever. A reactor that had another number of lanes is left as it is. A consumer that was deleted
   * begins after what was noted of it.
   */
  async createMissing(definitions: readonly ReactorDefinition[]): Promise<MissingConsumers> {
    const found = await this.list();
    const existing = new Set(found.map(({ info }) => info.name));
    const changed = definitions.filter((definition) => formerIn(found, definition).length > 0);
    const missing = definitions
      .filter((definition) => !changed.includes(definition))
      .flatMap((definition) => lanesOf(definition).map((lane) => ({ definition, lane })))
      .filter(({ definition, lane }) => !existing.has(this.nameOf(definition, lane)));
    const resumed: { consumer: string; after: number }[] = [];
    if (missing.length > 0) {
      const last = await this.#store.lastSequence();
      await mapBounded(
        missing,
        async ({ definition, lane }) => {
          const { from = 'now' } = definition;
          const noted = await this.#notedFloor(definition, lane);
          const first = from === 'now' ? { sequence: last + 1 } : from;
          if (noted === undefined) return this.create(definition, lane, first);
          const after = Math.min(noted, last);
          resumed.push({ consumer: this.nameOf(definition, lane), after });
          return this.create(definition, lane, { sequence: after + 1 });
        },
        { width: WIDTH },
      );
    }
    return { changed: new Set(changed.map(({ name }) => name)), resumed };
  }

  /**
   * Notes beside the store how far a consumer is.
   *
   * @param isLast Whether it is not noted again.
   */
  async notePosition({ of, info }: FoundConsumer, isLast = false): Promise<void> {
    const created = await this.#streamCreated();
    await this.#positions.note({ ...of, consumer: info.name, floor: floorOf(info), created }, isLast);
  }

  async #notedFloor(
    { name: reactor, lanes = 1 }: ReactorDefinition,
    lane: number,
  ): Promise<number | undefined> {
    const of = { service: this.#service, reactor, lane, lanes };
    return this.#positions.floorOf(of, await this.#streamCreated());
  }

  /** When the stream was created: positions in another one of its name say nothing. */
  async #streamCreated(): Promise<string | null> {
    const { connection, jetStream } = this.#store;
    if (this.#created === undefined) {
      const result = await connection.api.streamInfo(jetStream, new Deadline(TIMEOUT_MS));
      if (result.ok) this.#created = result.value.created;
    }
    return this.#created ?? null;
  }

  /** Those that a reactor has from when it had another number of lanes. */
  async formerOf(definition: ReactorDefinition): Promise<readonly FoundConsumer[]> {
    return formerIn(await this.list(), definition);
  }

  /** Creates that of a lane. One that exists keeps its position. */
  async create(
    definition: ReactorDefinition,
    lane: number,
    from: Exclude<ReactorStart, 'now'>,
  ): Promise<void> {
    const { connection, jetStream: stream } = this.#store;
    const config = { ...this.configOf(definition, lane), ...startAt(from) };
    const info = await ensureConsumer(connection, { stream, config }, new Deadline(TIMEOUT_MS));
    this.#floors.set(info.name, floorOf(info));
    const { name: reactor, lanes = 1 } = definition;
    await this.notePosition({ of: { service: this.#service, reactor, lane, lanes }, info }, true);
  }

  nameOf({ name: reactor, lanes = 1 }: ReactorDefinition, lane: number): string {
    return laneDurable({ service: this.#service, reactor, lane, lanes });
  }

  /** The settings of a lane's consumer. One that was deleted begins after what was done when it was seen last. */
  configOf(definition: ReactorDefinition, lane: number): NamedConsumerConfig {
    const { name: reactor, lanes = 1 } = definition;
    const name = this.nameOf(definition, lane);
    const floor = this.#floors.get(name);
    return {
      name,
      durable_name: name,
      description: `reactor ${reactor} of ${this.#service}, lane ${lane} of ${lanes}`,
      filter_subjects: [...laneFilters(definition, { lane, lanes }, this.#store)],
      ack_policy: 'explicit',
      deliver_policy: 'new',
      ...(floor !== undefined && startAt({ sequence: floor + 1 })),
      ack_wait: ACK_WAIT_MS * NS_PER_MS,
      max_ack_pending: MOST_PENDING,
      max_deliver: -1,
      metadata: reactorMetadata({ service: this.#service, reactor, lane, lanes }),
    } as NamedConsumerConfig;
  }

  /** State of a lane's consumer; undefined when it is gone. */
  async info(
    definition: ReactorDefinition,
    lane: number,
    signal?: AbortSignal,
  ): Promise<ConsumerInfo | undefined> {
    const { connection, jetStream: stream } = this.#store;
    const consumer = this.nameOf(definition, lane);
    const result = await connection.api.consumerInfo({ stream, consumer }, new Deadline(TIMEOUT_MS, signal));
    return findValue(result, ApiCode.consumerNotFound, `reading the state of consumer ${consumer}`);
  }

  /** @throws {@link ConsumerSettingsError} when the server refuses. */
  async remove(consumer: string): Promise<void> {
    const { connection, jetStream: stream } = this.#store;
    await this.#positions.forget(consumer);
    const result = await connection.api.deleteConsumer({ stream, consumer }, new Deadline(TIMEOUT_MS));
    if (result.ok || result.fault.err_code === ApiCode.consumerNotFound) return;
    const reason = `the server does not remove it: ${result.fault.description}`;
    throw new ConsumerSettingsError({ stream, consumer, reason });
  }
}

/** The sequence up to which all is done. */
export function floorOf({ ack_floor: floor, delivered, num_ack_pending: pending }: ConsumerInfo): number {
  return pending === 0 ? Math.max(delivered.stream_seq, floor.stream_seq) : floor.stream_seq;
}

function lanesOf({ lanes = 1 }: ReactorDefinition): readonly number[] {
  return Array.from({ length: lanes }, (_, lane) => lane);
}

function formerIn(
  found: readonly FoundConsumer[],
  { name, lanes = 1 }: ReactorDefinition,
): readonly FoundConsumer[] {
  return found.filter(({ of }) => of.reactor === name && of.lanes !== lanes);
}

function startAt(from: Exclude<ReactorStart, 'now'>): Partial<NamedConsumerConfig> {
  if (from === 'beginning') return { deliver_policy: 'all' } as Partial<NamedConsumerConfig>;
  const start =
    'time' in from
      ? { deliver_policy: 'by_start_time', opt_start_time: from.time.toISOString() }
      : { deliver_policy: 'by_start_sequence', opt_start_seq: from.sequence };
  return start as Partial<NamedConsumerConfig>;
}
