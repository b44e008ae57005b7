import type { StreamName } from '../event/stream-name.js';
import { storeSubjects, subjectOf } from '../event/subject.js';
import { DEFAULT_DEADLINE_MS } from '../event-store/append/append-request.js';
import type { JetStreamEventStore } from '../event-store/jetstream-event-store.js';
import { deleteMessage } from '../jetstream/streams/delete-message.js';
import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { MessageReader } from '../jetstream/read/message-reader.js';
import type { StoredMessage } from '../log/message-log.js';
import type { OutgoingMessage } from '../log/message-log.js';
import { Publisher } from '../jetstream/publish/publisher.js';
import { sizeOf } from '../log/message-size.js';
import { PayloadTooLargeError } from '../jetstream/publish/publish-errors.js';
import { ServerHeader } from '../jetstream/api/server-headers.js';
import { findStream } from '../jetstream/streams/find-stream.js';
import { openStoreStream, type StoreStreamOptions } from '../jetstream/streams/store-stream.js';
import { Deadline } from '../kernel/deadline.js';
import { NatsError } from '../jetstream/connection/connection-errors.js';
import { checkKnownOptions } from '../kernel/options.js';
import {
  outdates,
  type Snapshot,
  type SnapshotStore,
  type SnapshotStoreOptions,
} from '../aggregate/snapshot/snapshot.js';
import { CorruptSnapshotError } from '../aggregate/aggregate-errors.js';

const FORMAT = 1;
const LOOKUP_TIMEOUT_MS = 10_000;
/** How often to make room for others that keep a snapshot of the same stream at once. */
const TRIES = 5;

/** A snapshot as it is stored. */
interface StoredSnapshot extends Snapshot {
  readonly format: number;
  readonly stream: readonly [string, string];
  /** Sequences of earlier ones, which may still be there if the process ended before it could delete them. */
  readonly superseded: readonly number[];
}

const utf8 = new TextEncoder();

/**
 * Snapshots beside the store, in a JetStream stream of their own, `<store>~snapshots`, which is created when
 * it is missing. It has no limits, since limits would leave the bytes of what they remove on the disk:
 * earlier snapshots are deleted securely, one by one. It has the replicas and the storage of the store, unless
 * the options say otherwise.
 *
 * @throws {@link StoreSettingsError} when the stream exists with settings under which nothing can be deleted
 * for good.
 * @example
 * const snapshots = { store: await jetStreamSnapshots(store), every: 200 };
 * const orders = repository(store, Order, { snapshots });
 */
export async function jetStreamSnapshots(
  store: JetStreamEventStore,
  options: StoreStreamOptions = {},
): Promise<SnapshotStore> {
  checkKnownOptions(options, ['replicas', 'storage']);
  const name = `${store.name}~snapshots`;
  const settings = { ...(await settingsOf(store)), ...options };
  await openStoreStream(store.connection, { name, subjects: storeSubjects(name) }, settings);
  return new JetStreamSnapshotStore(store.connection, name);
}

/** A snapshot survives what its stream survives. */
async function settingsOf({ connection, jetStream }: JetStreamEventStore): Promise<StoreStreamOptions> {
  const found = await findStream(connection, jetStream, new Deadline(LOOKUP_TIMEOUT_MS));
  if (found === undefined) return {};
  const { num_replicas: replicas, storage } = found.config;
  return { replicas, storage };
}

class JetStreamSnapshotStore implements SnapshotStore {
  readonly #connection: JetStreamConnection;
  readonly #name: string;
  readonly #reader: MessageReader;
  readonly #publisher: Publisher;

  constructor(connection: JetStreamConnection, name: string) {
    this.#connection = connection;
    this.#name = name;
    this.#reader = new MessageReader(connection, name);
    this.#publisher = new Publisher(connection);
  }

  async load(stream: StreamName, { signal }: SnapshotStoreOptions): Promise<Snapshot | undefined> {
    const message = await this.#reader.last(subjectOf(this.#name, stream), deadlineWith(signal));
    return message && decode(message, stream);
  }

  async save(stream: StreamName, snapshot: Snapshot, { signal }: SnapshotStoreOptions): Promise<boolean> {
    const deadline = deadlineWith(signal);
    for (let left = TRIES; left > 0; left -= 1) {
      const last = await this.#reader.lastAtLeader(subjectOf(this.#name, stream), deadline);
      const kept = last && readable(last, stream);
      if (kept !== undefined && outdates(kept, snapshot)) return false;
      // first what an earlier process may have left, so that the new one has only its predecessor to remember
      await this.#delete(kept?.superseded ?? [], deadline);
      const superseded = last === undefined ? [] : [last.sequence];
      if (await this.#replace(this.#message(stream, snapshot, superseded), deadline)) {
        await this.#delete(superseded, deadline);
        return true;
      }
    }
    throw new NatsError(`others kept snapshots of ${stream.toString()} first, ${TRIES} times`);
  }

  async delete(stream: StreamName, { signal }: SnapshotStoreOptions): Promise<void> {
    const deadline = deadlineWith(signal);
    const subject = subjectOf(this.#name, stream);
    for (;;) {
      const last = await this.#reader.lastAtLeader(subject, deadline);
      if (last === undefined) return;
      await this.#delete([last.sequence], deadline);
    }
  }

  /** False when another snapshot has taken the place of the last one. */
  async #replace(message: OutgoingMessage, deadline: Deadline): Promise<boolean> {
    const answer = await this.#publisher.publish(message, deadline);
    if (answer.kind === 'stored' || answer.kind === 'conflict') return answer.kind === 'stored';
    throw new NatsError(`the server did not take it (${answer.kind})`);
  }

  #message(stream: StreamName, snapshot: Snapshot, superseded: readonly number[]): OutgoingMessage {
    const { category, id } = stream;
    const body: StoredSnapshot = { format: FORMAT, stream: [category, id], ...snapshot, superseded };
    const message = {
      subject: subjectOf(this.#name, stream),
      payload: utf8.encode(JSON.stringify(body)),
      headers: { [ServerHeader.expectedLastSubjectSequence]: String(superseded[0] ?? 0) },
    };
    const size = sizeOf(message);
    const limit = this.#connection.maxPayload;
    if (size <= limit) return message;
    throw new PayloadTooLargeError({ stream: `the snapshot of ${stream.toString()}`, size, limit });
  }

  async #delete(sequences: readonly number[], deadline: Deadline): Promise<void> {
    for (const sequence of sequences)
      await deleteMessage(this.#connection, { stream: this.#name, sequence }, deadline);
  }
}

function deadlineWith(signal: AbortSignal): Deadline {
  return new Deadline(DEFAULT_DEADLINE_MS, signal);
}

/** @throws {@link CorruptSnapshotError} when it is none: its readers fold all events instead. */
function decode(message: StoredMessage, stream: StreamName): StoredSnapshot {
  const snapshot = parse(message, stream);
  const isOurs = snapshot?.stream?.[0] === stream.category && snapshot.stream[1] === stream.id;
  if (snapshot?.format === FORMAT && isOurs && Array.isArray(snapshot.superseded))
    return snapshot as StoredSnapshot;
  const reason = `it is of format ${String(snapshot?.format)} and of ${String(snapshot?.stream)}; format ${FORMAT} is read`;
  throw new CorruptSnapshotError({ stream: stream.toString(), reason: at(message, reason) });
}

function at({ sequence }: StoredMessage, reason: string): string {
  return `at sequence ${sequence}, ${reason}`;
}

function parse(message: StoredMessage, stream: StreamName): Partial<StoredSnapshot> | null {
  try {
    return JSON.parse(Buffer.from(message.data).toString()) as Partial<StoredSnapshot> | null;
  } catch (cause) {
    const reason = `it is no JSON: ${(cause as Error).message}`;
    const details = { stream: stream.toString(), reason: at(message, reason) };
    throw new CorruptSnapshotError(details, { cause });
  }
}

/** Undefined for one that cannot be read: it is no reason to keep it. */
function readable(message: StoredMessage, stream: StreamName): StoredSnapshot | undefined {
  try {
    return decode(message, stream);
  } catch {
    return undefined;
  }
}
