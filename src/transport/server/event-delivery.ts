import { Logger } from '@nestjs/common';
import type { ConsumerDeserializer, IncomingEvent, MessageHandler } from '@nestjs/microservices';
import type { JsMsg } from '@nats-io/jetstream';
import { LRUCache } from 'lru-cache';
import type { EventRegistry } from '../../event/event-registry.js';
import { recordedEvents, type RecordedEvent } from '../../event/recorded-event.js';
import { isSystemCategory } from '../../event/stream-name.js';
import { categoryOfSubject } from '../../event/subject.js';
import { commitOnSubject } from '../../event-store/replay/commit-replay.js';
import {
  type DeadLetterFacts,
  deadLetterFacts,
  originalHeaders,
  toDeadLetterError,
} from '../../jetstream/dead-letters/dead-letter.js';
import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';
import type { DeliveredMessage } from '../../jetstream/consume/delivered-message.js';
import { sleep } from '../../kernel/sleep.js';
import type { EventListener } from './event-listener.js';
import { CommitProgress, type EventOrigin, type EventPart } from './event-parts.js';
import type { EventSource } from './event-source.js';
import { NatsJetStreamContext } from './nats-jetstream.context.js';
import { readMetadata } from '../packet-metadata.js';

/** Commits whose progress is remembered; one that is forgotten is handled from its first event on. */
const MOST_PROGRESSES = 1_000;
/** When a dead letter cannot be kept, the message comes again after this long, in milliseconds. */
const UNKEPT_RETRY_MS = 5_000;

/** Calls the handler and waits for all that it gives; rejects with what it threw. */
export type CallHandler = (
  handler: MessageHandler,
  data: unknown,
  context: NatsJetStreamContext,
) => Promise<void>;

/** What the deliveries to one handler are made of. */
export interface EventDeliveryParts {
  readonly listener: EventListener;
  readonly source: EventSource;
  /** Name of the handler's consumer. */
  readonly consumer: string;
  readonly call: CallHandler;
  readonly deserializer: ConsumerDeserializer;
  readonly registry: EventRegistry;
  /** Where the handler's dead letters go; undefined where it keeps none. */
  readonly deadLetters: DeadLetterStream | undefined;
  /** The body of a message of the source's stream, undefined when it was removed. */
  readonly readBody: (sequence: number) => Promise<Uint8Array | undefined>;
}

/** Takes messages to one handler and settles them: done, again after a while, or a dead letter. */
export class EventDelivery {
  readonly #logger = new Logger('NatsJetStreamServer');
  readonly #parts: EventDeliveryParts;
  readonly #progress = new LRUCache<string, CommitProgress>({ max: MOST_PROGRESSES });

  constructor(parts: EventDeliveryParts) {
    this.#parts = parts;
  }

  /** Handles a message of the handler's consumer. Never rejects: what goes wrong is logged, and decided here. */
  async handle(message: DeliveredMessage, signal: AbortSignal): Promise<void> {
    const { stream, streamSequence: sequence } = message.info;
    await this.#tryTo(message, async () =>
      this.#handle(message, { stream, sequence, eventId: undefined }, signal),
    );
  }

  /** Handles a message that was a dead letter, as what it was before, and removes it when that is done. Never rejects. */
  async handleRedriven(message: DeliveredMessage, signal: AbortSignal): Promise<void> {
    await this.#tryTo(message, async () => {
      const facts = deadLetterFacts(message.headers);
      const original = facts && (await this.#originalOf(message, facts));
      if (original === undefined) message.term('its original is gone');
      else await this.#handle(original, facts as DeadLetterFacts, signal);
      // what is handed back comes again
      if (message.isSettled && !message.isHandedBack) await this.#parts.deadLetters?.remove(message.seq);
    });
  }

  async #tryTo(message: DeliveredMessage, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#logger.error(`${this.#name(message)}: ${(error as Error).message}`, (error as Error).stack);
      message.nak(UNKEPT_RETRY_MS);
    }
  }

  async #originalOf(
    message: DeliveredMessage,
    { subject, sequence }: DeadLetterFacts,
  ): Promise<DeliveredMessage | undefined> {
    const { source, listener, readBody } = this.#parts;
    // letters of an event store are references, and so are those that would have been too large with their body
    const isCut = message.data.length === 0 && !listener.settings.headersOnly;
    const data = source.isStore
      ? await readBody(sequence)
      : isCut
        ? ((await readBody(sequence)) ?? message.data)
        : message.data;
    return data && message.as({ subject, headers: originalHeaders(message.headers), data });
  }

  async #handle(message: DeliveredMessage, origin: EventOrigin, signal: AbortSignal): Promise<void> {
    if (this.#isNoEvent(message)) return message.ack();
    const parts = await this.#read(message, origin);
    if (parts?.length === 0) return message.ack();
    for (const part of parts ?? []) {
      if (!(await this.#handlePart(part, signal))) return;
    }
  }

  /** What waits for its delivery, and what jetsource itself keeps in a store. */
  #isNoEvent({ headers, subject }: DeliveredMessage): boolean {
    if (headers?.has('Nats-Schedule') === true) return true;
    return this.#parts.source.isStore && isSystemCategory(categoryOfSubject(subject) ?? '');
  }

  /** Undefined for what cannot be read: no attempt will mend it. */
  async #read(message: DeliveredMessage, origin: EventOrigin): Promise<readonly EventPart[] | undefined> {
    const { source, listener, deserializer } = this.#parts;
    const { headers, subject } = message;
    try {
      if (source.isStore) return this.#eventsOf(message, origin);
      if (listener.settings.headersOnly)
        return [{ origin, message, data: undefined, metadata: readMetadata(headers) }];
      const packet = (await deserializer.deserialize(message, { channel: subject })) as IncomingEvent;
      return [{ origin, message, data: packet.data, metadata: readMetadata(headers) ?? packet.metadata }];
    } catch (error) {
      await this.#bury({ origin, message, data: undefined }, message.info.deliveryCount, error);
      return undefined;
    }
  }

  #eventsOf(message: DeliveredMessage, origin: EventOrigin): EventPart[] {
    const { registry, source } = this.#parts;
    const { subject, data, time } = message;
    const commit = commitOnSubject({ sequence: origin.sequence, subject, data, time: time.getTime() });
    const isWanted = (type: string): boolean => source.eventType === undefined || type === source.eventType;
    const events = recordedEvents(commit, registry, { isWanted }).filter(
      ({ id }) => origin.eventId === undefined || origin.eventId === id,
    );
    return this.#progressOf(message, events).partsOf(message, events, origin);
  }

  #progressOf(message: DeliveredMessage, [first]: readonly RecordedEvent[]): CommitProgress {
    const key = keyOf(message);
    const known = this.#progress.get(key);
    if (known !== undefined) return known;
    const progress = new CommitProgress();
    // other instances, or this one before it died, may have tried
    if (first !== undefined) progress.noteFailure(first.id, message.info.deliveryCount - 1);
    this.#progress.set(key, progress);
    return progress;
  }

  /** @returns whether to go on with the next part. */
  async #handlePart(part: EventPart, signal: AbortSignal): Promise<boolean> {
    const { listener, call } = this.#parts;
    const { manualAck, maxDeliver, isUnacknowledged } = listener.settings;
    for (let attempt = this.#attemptsAt(part) + 1; ; attempt += 1) {
      if (attempt > maxDeliver && !isUnacknowledged) {
        const reason = `it was delivered ${attempt - 1} times, and never settled: processes may have died of it`;
        return this.#bury(part, attempt - 1, reason);
      }
      try {
        await call(listener.handler, part.data, contextOf(part));
        if (!manualAck) part.message.ack();
        return true;
      } catch (error) {
        const isOver = await this.#fail(part, attempt, error, signal);
        if (isOver !== undefined) return isOver;
      }
    }
  }

  #attemptsAt({ message, event }: EventPart): number {
    if (event === undefined) return message.info.deliveryCount - 1;
    return this.#progress.get(keyOf(message))?.failuresOf(event.id) ?? 0;
  }

  /** @returns whether to go on with the next part; undefined to try again at once. */
  async #fail(
    part: EventPart,
    attempt: number,
    error: unknown,
    signal: AbortSignal,
  ): Promise<boolean | undefined> {
    const { message, event } = part;
    const { isUnacknowledged, maxDeliver, backoffMs, keyOf: isKeyed } = this.#parts.listener.settings;
    const reason = toDeadLetterError(error).message;
    if (message.isSettled || isUnacknowledged) {
      this.#logger.error(`${this.#name(message)} failed after it was settled: ${reason}`);
      return true;
    }
    if (attempt >= maxDeliver) return this.#bury(part, attempt, error);
    const delayMs = backoffMs[Math.min(attempt, backoffMs.length) - 1] ?? 0;
    this.#logger.warn(
      `${this.#name(message)} failed (attempt ${attempt}), to be tried again in ${delayMs} ms: ${reason}`,
    );
    if (event !== undefined) this.#progress.get(keyOf(message))?.noteFailure(event.id, attempt);
    if (!isKeyed) {
      message.nak(delayMs);
      return false;
    }
    // the next of the key waits behind this one
    await sleep(delayMs, signal).catch(() => message.nak());
    return signal.aborted ? false : undefined;
  }

  /**
   * Keeps what is given up, and ends it; where none are kept it is ended. What cannot be kept comes again.
   *
   * @returns whether it is ended.
   */
  async #bury({ message, event, origin }: EventPart, attempts: number, error: unknown): Promise<boolean> {
    const { deadLetters, consumer, listener, source } = this.#parts;
    const { stream, sequence } = origin;
    const facts = {
      subject: message.subject,
      stream,
      sequence,
      consumer,
      pattern: listener.pattern,
      attempts,
      error: toDeadLetterError(error),
      eventId: event?.id,
    };
    const outcome = deadLetters === undefined ? 'dropped' : `kept as a dead letter in ${deadLetters.name}`;
    try {
      const original = { headers: message.headers, data: source.isStore ? new Uint8Array() : message.data };
      await deadLetters?.put(facts, original, [keyOf(message), consumer, event?.id].join('.'));
      this.#logger.error(
        `${this.#name(message)} was given up after ${attempts} attempts and ${outcome}: ${facts.error.message}`,
      );
      message.term(outcome);
      return true;
    } catch (cause) {
      this.#logger.error(
        `${this.#name(message)} was given up, and cannot be kept: ${(cause as Error).message}`,
      );
      message.nak(UNKEPT_RETRY_MS);
      return false;
    }
  }

  #name({ subject, info }: JsMsg): string {
    return `${subject} (${info.stream} ${info.streamSequence}) for ${this.#parts.consumer}`;
  }
}

function contextOf({ message, metadata, event }: EventPart): NatsJetStreamContext {
  return new NatsJetStreamContext([message, metadata, event]);
}

/** What tells a message from all that the handler gets, redriven ones included. */
function keyOf({ info }: JsMsg): string {
  return `${info.stream}.${info.streamSequence}`;
}
