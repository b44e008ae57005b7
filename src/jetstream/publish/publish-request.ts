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
}
