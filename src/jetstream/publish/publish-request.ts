import type { HeaderValues } from '../../log/message-log.js';

/** What has to hold for a message to be stored: each under the name that the NATS client gives it. */
export interface PublishExpectations {
  /** Name of the stream that stores it. */
  readonly streamName?: string | undefined;
  /** Message id of the stream's last message. */
  readonly lastMsgID?: string | undefined;
  /** Sequence of the stream's last message; 0 for none. */
  readonly lastSequence?: number | undefined;
  /** Sequence of the subject's last message; 0 for none. */
  readonly lastSubjectSequence?: number | undefined;
}

/** When a message is delivered again and again: by `every` or by `cron`. */
export interface PublishSchedule {
  /** What it is replaced and cancelled by; one for each schedule of a stream. */
  readonly name: string;
  /** The time between two deliveries, in milliseconds; at least 1000. */
  readonly every?: number | undefined;
  /**
   * Six fields: second, minute, hour, day of the month, month, day of the week, such as `0 30 3 * * *`; or
   * `@yearly`, `@monthly`, `@weekly`, `@daily`, `@hourly`.
   */
  readonly cron?: string | undefined;
  /** The time zone that `cron` counts in, such as `Europe/Berlin`. @default UTC */
  readonly timeZone?: string | undefined;
}

/** A message to be stored by the stream that captures its subject. */
export interface PublishRequest {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: HeaderValues;
  /** The stream stores one message of that id within its duplicate window. */
  readonly messageId: string;
  readonly expect: PublishExpectations;
  /** How long it is kept, in milliseconds. */
  readonly ttlMs?: number | undefined;
  /** When it is delivered; at once when left out. */
  readonly at?: Date | undefined;
  /** When it is delivered again and again; once when left out. */
  readonly schedule?: PublishSchedule | undefined;
}
