import type { Deadline } from '../kernel/deadline.js';
import type { LogPeers } from './log-peers.js';
import type { RecordTable } from './record-table.js';

/** Headers of a message by name: one value, or several. */
export type HeaderValues = Readonly<Record<string, string | readonly string[]>>;

/** A message to be stored. Every resend has the same bytes. */
export interface OutgoingMessage {
  /** Its literal subject. */
  readonly subject: string;
  /** Its body. */
  readonly payload: Uint8Array;
  /** The message id and the guard; see {@link MessageLog}. */
  readonly headers: HeaderValues;
}

/** A stored message. */
export interface StoredMessage {
  /** Its place in the log, from 1. */
  readonly sequence: number;
  /** Its body. */
  readonly data: Uint8Array;
  /** When the log stored it, in milliseconds since 1970; only if the read requests it. */
  readonly time?: number | undefined;
}

/** A stored message with its subject. */
export interface SubjectMessage extends StoredMessage {
  /** Its literal subject. */
  readonly subject: string;
}

/** The outcome of a publish. */
export type PublishAnswer =
  /**
   * Stored by this publish. Of a batch, `sequence` is that of the last message; the others have the sequences
   * right before it.
   */
  | { readonly kind: 'stored'; readonly sequence: number }
  /** The log already contains the message id. `sequence` is 0 if the log does not report the original's. */
  | { readonly kind: 'duplicate'; readonly sequence: number }
  /** A guard does not hold. After a resend, an earlier send of the same publish may be the reason. */
  | { readonly kind: 'conflict'; readonly resent: boolean }
  /** The log refuses the message, and a resend would not help. */
  | { readonly kind: 'refused'; readonly reason: string; readonly resent: boolean }
  /**
   * The log may have lost its end since the messages were made: they were not sent again. Where `sent`, an
   * earlier send was not answered and may have been stored.
   */
  | { readonly kind: 'stale'; readonly sent: boolean }
  /**
   * The deadline passed. `sure` when nothing can have been stored; `cause` is the last answer, if there was
   * one.
   */
  | { readonly kind: 'unanswered'; readonly sure: boolean; readonly cause?: Error | undefined };

/** How long a read of several messages tries. */
export interface ReadPatience {
  /** For the whole read. @default 15 s for each message */
  readonly deadline?: Deadline | undefined;
  /** Ends the read, if no deadline is given. @default none */
  readonly signal?: AbortSignal | undefined;
}

/** Start of a replay: a sequence, or the first message that was stored at or after a time. */
export type ReplayStart = { readonly sequence: number } | { readonly time: Date };

/** The part of the log that a replay covers. */
export interface ReplayOptions {
  /** Where the replay begins. */
  readonly start: ReplayStart;
  /** Subject filters, with `*` for a whole token. An empty list selects all subjects. */
  readonly filters: readonly string[];
  /**
   * Whether the replay continues with messages that are stored later. A replay that is not live ends at the
   * end that the log had when it began.
   */
  readonly live: boolean;
  /** Number of messages in one batch at most. */
  readonly maxBatch: number;
  /** Ends the replay. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the reason when the replay was interrupted; it continues by itself. @default none */
  readonly onRecovery?: ((reason: string) => void) | undefined;
}

/** Messages that a replay delivers together, in order. */
export interface ReplayBatch {
  /** In the order of their sequences. */
  readonly messages: readonly (SubjectMessage & { readonly time: number })[];
  /** Whether no message came after these in the log when they were delivered. */
  readonly caughtUp: boolean;
}

/** A part of the subjects that hold messages. */
export interface SubjectNames {
  /** In the order of their bytes. */
  readonly subjects: readonly string[];
  /** Number of all matching subjects. */
  readonly total: number;
}

/**
 * A log of messages under subjects, on which an event store is built. There are two: a JetStream stream, and
 * a log in memory for tests.
 *
 * A log gives each message the next sequence, and never the same one twice unless it loses its end.
 * `Nats-Expected-Last-Subject-Sequence` guards a message: it is the sequence of the last message of its
 * subject, 0 for none. With `Nats-Expected-Last-Subject-Sequence-Subject` the guard is on another literal
 * subject. `Nats-Msg-Id` names a message: a log stores an id once.
 *
 * A log may be replicated. Reads at the leader see every acknowledged message; other reads may lag.
 */
export interface MessageLog {
  /** Name of the log. */
  readonly name: string;
  /** The largest message that the log takes, headers included, in bytes. */
  readonly maxPayload: number;
  /** Number of messages that may be requested at a time, so that the answers fit in memory. */
  readonly getsAtOnce: number;

  /**
   * Grows when the log may have lost its end since, as far as this client can tell: after a reconnect, a lost
   * consumer, a sequence that was given again, or a time without any answer. What was made in an earlier
   * epoch (a guard, a built message) is compared with the leader before use: a lost sequence may have been
   * given to another message of the same subject, and a guard made before would hold.
   */
  readonly epoch: number;

  /**
   * Word among the processes that use the log. Those that write one stream take turns by it.
   * @default none: they compete
   */
  readonly peers?: LogPeers | undefined;

  /**
   * Records beside the log, by which its processes share work among them.
   * @default none: each process takes itself for the only one
   */
  readonly records?: RecordTable | undefined;

  /**
   * Stores one guarded message. Goes on until there is an answer, or the deadline passes. Never rejects for
   * the lack of one.
   *
   * @param epoch The {@link epoch} of before the guard was looked up: in another one nothing is sent, and the
   *   answer is `stale`.
   */
  publish(message: OutgoingMessage, deadline: Deadline, epoch: number): Promise<PublishAnswer>;

  /** Stores all of the messages or none, next to each other. @param epoch As for {@link publish}. */
  publishBatch(
    messages: readonly OutgoingMessage[],
    deadline: Deadline,
    epoch: number,
  ): Promise<PublishAnswer>;

  /** The last message of a subject, with its time. May lag. */
  last(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined>;

  /** The last message of a subject, with its time, read from the leader. */
  lastAtLeader(subject: string, deadline?: Deadline): Promise<StoredMessage | undefined>;

  /** The messages with those sequences, in that order; undefined for each that is missing. May lag. */
  bySequences(
    sequences: readonly number[],
    options: ReadPatience & { readonly time: boolean },
  ): Promise<(StoredMessage | undefined)[]>;

  /**
   * The message with that sequence, read from the leader; undefined when there is none, or it was removed.
   */
  bySequenceAtLeader(sequence: number, deadline?: Deadline): Promise<SubjectMessage | undefined>;

  /** The first message of a subject at or after a sequence, read from the leader. */
  nextAtLeader(subject: string, sequence: number, deadline?: Deadline): Promise<StoredMessage | undefined>;

  /** All messages of a subject from a sequence on, in order, with their times. May lag. */
  scan(subject: string, fromSequence: number, options?: ReadPatience): AsyncIterable<StoredMessage>;

  /**
   * Messages in the order of their sequences, without gap or duplicate, despite transient faults of the log.
   *
   * @throws {@link StoreNotFoundError} when the log is gone.
   */
  replay(options: ReplayOptions): AsyncIterable<ReplayBatch>;

  /** The subjects that match a filter, from an offset in their order, read from the leader. */
  subjectNames(filter: string, offset: number, deadline: Deadline): Promise<SubjectNames>;

  /** Sequence of the last message, read from the leader; 0 for an empty log. */
  lastSequence(deadline: Deadline): Promise<number>;

  /** Removes one message; its bytes are overwritten. Does nothing if it is already removed. */
  delete(sequence: number, deadline: Deadline): Promise<void>;

  /**
   * Calls back at each sign that the log may have lost its end, such as a reconnect; not when it was merely
   * silent. @returns what stops that.
   */
  onPossibleLoss(listener: () => void): () => void;

  /** Releases the log. Safe to call twice. */
  close(): Promise<void>;
}
