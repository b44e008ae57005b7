import type { ConsumerConfig } from '@nats-io/jetstream';
import { Logger } from '@nestjs/common';
import type { ConsumerDeserializer } from '@nestjs/microservices';
import { v4 as randomUuid } from 'uuid';
import type { EventRegistry } from '../../event/event-registry.js';
import { nameToken } from '../../jetstream/names/asset-name.js';
import { type DeadLetterStream, redriveSubject } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { findConsumer } from '../../jetstream/consume/ensure-consumer.js';
import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { MessageConsumer } from '../../jetstream/consume/message-consumer.js';
import { MessageReader } from '../../jetstream/read/message-reader.js';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { durableName, legacyDurableName } from './durable-name.js';
import { type CallHandler, EventDelivery } from './event-delivery.js';
import type { EventListener } from './event-listener.js';
import { type EventSource, findEventSource } from './event-source.js';

const LOOK_TIMEOUT_MS = 10_000;
/** What is redriven is handled in the order of the letters, a few at a time. */
const REDRIVE_CONCURRENCY = 4;

/** What the consumers of a server share. */
export interface EventConsumerParts {
  readonly connection: JetStreamConnection;
  readonly service: string | undefined;
  readonly deadLetters: DeadLetterStream | undefined;
  readonly registry: EventRegistry;
  readonly deserializer: ConsumerDeserializer;
  readonly call: CallHandler;
}

/** How the consumption of one handler's events is doing. */
export interface EventConsumerStatus {
  /** The handler's pattern. */
  readonly pattern: string;
  readonly stream: string;
  readonly consumer: string;
  /** `recovering` while the consumer is made anew. */
  readonly state: MessageConsumer['state'];
  /** What interrupted it last. */
  readonly problem: string | undefined;
}

/** The consumption of one handler's events: its consumer, and that of what is redriven to it. */
export class EventConsumer {
  readonly #pattern: string;
  readonly #source: EventSource;
  readonly #name: string;
  readonly #events: MessageConsumer;
  readonly #redriven: MessageConsumer | undefined;

  private constructor(
    parts: EventConsumerParts,
    listener: EventListener,
    source: EventSource,
    config: NamedConsumerConfig,
  ) {
    const { connection, service, registry, deserializer, call } = parts;
    const { settings } = listener;
    this.#pattern = listener.pattern;
    this.#source = source;
    this.#name = config.name;
    // nobody would redrive to an instance that may be gone
    const deadLetters = settings.durable === false ? undefined : parts.deadLetters;
    const reader = new MessageReader(connection, source.stream);
    const delivery = new EventDelivery({
      listener,
      source: { ...source, eventType: source.eventType && registry.currentName(source.eventType) },
      consumer: settings.durable === false ? `${nameToken(service ?? 'nameless')}-broadcast` : config.name,
      call,
      deserializer,
      registry,
      deadLetters,
      readBody: async (sequence) => (await reader.bySequenceAtLeader(sequence))?.data,
    });
    const logger = new Logger('NatsJetStreamServer');
    const onProblem = (reason: string): void => logger.warn(`${config.name}: ${reason}; it is read anew`);
    const shared = { bind: false, heartbeatMs: settings.heartbeatMs, onProblem };
    this.#events = new MessageConsumer(connection, {
      ...shared,
      stream: source.stream,
      config,
      bind: settings.bind,
      concurrency: settings.concurrency,
      keyOf: settings.keyOf,
      maxMessages: settings.maxMessages,
      handle: async (message, signal) => delivery.handle(message, signal),
    });
    if (deadLetters === undefined) return;
    this.#redriven = new MessageConsumer(connection, {
      ...shared,
      stream: deadLetters.name,
      config: redriveConfig(config, redriveSubject(deadLetters.name, config.name)),
      concurrency: Math.min(settings.concurrency, REDRIVE_CONCURRENCY),
      maxMessages: Number.MAX_SAFE_INTEGER,
      handle: async (message, signal) => delivery.handleRedriven(message, signal),
    });
  }

  /**
   * Finds the stream, and makes the consumer or brings it up to date. Nothing is read yet.
   *
   * @throws {@link JetStreamNotFoundError}, {@link ConsumerSettingsError} or {@link InvalidOptionError} when no events could come.
   */
  static async open(parts: EventConsumerParts, listener: EventListener): Promise<EventConsumer> {
    const source = await findEventSource(parts.connection, listener);
    const config = await consumerConfig(parts, listener, source);
    const consumer = new EventConsumer(parts, listener, source, config);
    await consumer.#events.open();
    await consumer.#redriven?.open();
    return consumer;
  }

  get status(): EventConsumerStatus {
    return {
      pattern: this.#pattern,
      stream: this.#source.stream,
      consumer: this.#name,
      state: this.#events.state,
      problem: this.#events.problem,
    };
  }

  /** Begins to read. */
  start(): void {
    this.#events.start();
    this.#redriven?.start();
  }

  /** Takes nothing more, waits for the handlers, and hands back what is not done by then. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all([this.#events.stop(graceMs), this.#redriven?.stop(graceMs)]);
  }
}

/** The consumer of a handler, as it is wanted. */
async function consumerConfig(
  { connection, service }: EventConsumerParts,
  listener: EventListener,
  { stream, filter }: EventSource,
): Promise<NamedConsumerConfig> {
  const { settings, pattern } = listener;
  const shared = { ...settings.config, filter_subject: filter };
  if (settings.durable === false)
    return { ...shared, name: randomUuid(), ...pushTo(connection, listener, randomUuid()) };
  const name = await nameOf(connection, service, listener, stream);
  const existing =
    settings.push &&
    (await findConsumer(connection, { stream, consumer: name }, new Deadline(LOOK_TIMEOUT_MS)));
  const push = pushTo(connection, listener, `${stream}.${name}`, existing?.config);
  return {
    ...shared,
    name,
    durable_name: name,
    description: settings.config.description ?? pattern,
    ...push,
    ...(push !== undefined && {
      deliver_group: settings.push?.group ?? existing?.config.deliver_group ?? name,
    }),
  };
}

async function nameOf(
  connection: JetStreamConnection,
  service: string | undefined,
  { settings, pattern, index, ownName }: EventListener,
  stream: string,
): Promise<string> {
  if (ownName !== undefined) return ownName;
  const prefix = settings.durable === true ? service : (settings.durable as string);
  if (prefix === undefined) {
    throw new InvalidOptionError({
      option: 'connectionOptions.name',
      given: prefix,
      allowed:
        'the name of the service, for its durable consumers; or give consumerOptions.durable a name, or false',
    });
  }
  const name = durableName(prefix, pattern, index);
  const legacy = legacyDurableName(prefix, pattern);
  if (legacy === name || index > 0 || /[\s/\\.*>]/.test(legacy)) return name;
  // who moves over keeps the place where the older transport was
  const found = await findConsumer(connection, { stream, consumer: legacy }, new Deadline(LOOK_TIMEOUT_MS));
  return found?.config.filter_subject === pattern ? legacy : name;
}

/**
 * Where a push consumer delivers to, undefined for pulls. Instances of one durable have to listen to the same subject, also when they make it at the
 * same time; one that was made before, by the older transport under a random subject, keeps it.
 */
function pushTo(
  { inboxPrefix }: JetStreamConnection,
  { settings: { push, bind } }: EventListener,
  suffix: string,
  existing?: ConsumerConfig,
): Partial<ConsumerConfig> | undefined {
  if (push === undefined || bind) return undefined;
  const prefix = push.prefix ?? inboxPrefix;
  const kept =
    existing?.deliver_subject?.startsWith(`${prefix}.`) === true ? existing.deliver_subject : undefined;
  return { deliver_subject: push.subject ?? kept ?? `${prefix}.${suffix}` };
}

/** What was redriven comes by the same rules as the events, one way or the other. */
function redriveConfig({ name, ack_wait }: NamedConsumerConfig, filter: string): NamedConsumerConfig {
  return {
    name,
    durable_name: name,
    filter_subject: filter,
    description: `what is redriven to ${name}`,
    ack_policy: 'explicit',
    deliver_policy: 'all',
    max_deliver: -1,
    ...(ack_wait !== undefined && { ack_wait }),
  } as NamedConsumerConfig;
}
