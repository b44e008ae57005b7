import { covers } from '../../../src/jetstream/names/subject-pattern.js';
import { toMsgHdrs } from '../../../src/jetstream/publish/message-headers.js';
import type { Broker } from './broker.js';
import type { Faults } from './faults.js';
import { type ConsumerSettings, InMemoryConsumer } from './in-memory-consumer.js';
import { type LogMessage, MessageLog, type NewMessage } from './message-log.js';
import { PublishIntake } from './publish-intake.js';

/** A JetStream stream's settings, as far as anything looks at them. */
export interface StreamSettings {
  readonly name: string;
  readonly subjects: readonly string[];
  readonly [setting: string]: unknown;
}

/** One JetStream stream and its consumers. */
export class InMemoryStream {
  settings: StreamSettings;
  readonly log = new MessageLog();
  readonly intake: PublishIntake;
  readonly consumers = new Map<string, InMemoryConsumer>();
  readonly #broker: Broker;
  readonly #faults: Faults;

  constructor(settings: StreamSettings, broker: Broker, faults: Faults) {
    this.settings = settings;
    this.intake = new PublishIntake(settings.name, this.log);
    this.#broker = broker;
    this.#faults = faults;
  }

  captures(subject: string): boolean {
    return this.settings.subjects.some((pattern) => covers(pattern, subject));
  }

  /** Stores what some other program published. @returns its sequence. */
  add(subject: string, body = '', more: Partial<NewMessage> = {}): number {
    this.log.store({ subject, data: new TextEncoder().encode(body), headers: {}, ...more });
    this.serve();
    return this.log.lastSequence;
  }

  createConsumer(settings: ConsumerSettings): InMemoryConsumer {
    const place = { stream: this.settings.name, log: this.log, broker: this.#broker, faults: this.#faults };
    const consumer = new InMemoryConsumer(settings, place);
    this.consumers.set(settings.name, consumer);
    return consumer;
  }

  deleteConsumer(name: string): boolean {
    this.consumers.get(name)?.delete();
    return this.consumers.delete(name);
  }

  serve(): void {
    for (const consumer of this.consumers.values()) consumer.serve();
  }

  info(): object {
    const { lastSequence, size } = this.log;
    const last = this.log.get(lastSequence);
    const time = last === undefined ? '0001-01-01T00:00:00Z' : new Date(last.time).toISOString();
    return { config: this.settings, state: { messages: size, last_seq: lastSequence, last_ts: time } };
  }
}

/** A message as the leader gives it. */
export function toApiMessage({ sequence, subject, data, headers, time }: LogMessage): object {
  const hasHeaders = Object.keys(headers).length > 0;
  return {
    subject,
    seq: sequence,
    ...(hasHeaders && { hdrs: Buffer.from(encodeHeaders(headers)).toString('base64') }),
    ...(data.length > 0 && { data: Buffer.from(data).toString('base64') }),
    time: new Date(time).toISOString(),
  };
}

function encodeHeaders(headers: LogMessage['headers']): string {
  const lines = [...toMsgHdrs(headers)].flatMap(([name, values]) =>
    values.map((value) => `${name}: ${value}\r\n`),
  );
  return `NATS/1.0\r\n${lines.join('')}\r\n`;
}
