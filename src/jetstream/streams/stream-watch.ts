import type { StreamInfo } from '@nats-io/jetstream';
import { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { ApiCode } from '../api/api-codes.js';
import { NatsError } from '../connection/connection-errors.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { hasMirrors } from './stream-copies.js';
import { identityOf } from './store-stream.js';
import { StoreNotFoundError } from './stream-errors.js';
import { WatchedDeadline } from './watched-deadline.js';

/** How long what was seen is taken for true, and when somebody who reads has it looked at again. */
const FRESH_MS = 1_000;
const LOOK_AGAIN_MS = 500;
/** Looks follow each other no faster than this. */
const PAUSE_MS = 100;
const LOOK_TIMEOUT_MS = 2_000;
/**
 * A stream that the server does not know for this long was deleted: an election may make it forget for a
 * moment.
 */
const GONE_MS = 2_500;
/** Where the server tells an account of its streams' changes. Without permission, looking again has to do. */
const ADVISORIES = '$JS.EVENT.ADVISORY.STREAM.*.*';

/** The JetStream stream of a store, as it was opened. */
export interface OpenedStream {
  readonly name: string;
  /** What its creation wrote into its metadata. */
  readonly identity: string;
}

/**
 * What has to be known of a store's JetStream stream while it is in use: whether mirrors may answer in its
 * place, and whether it is still there and the same. Looked at when something is read, when a wait gets long,
 * after a reconnect, and when the server tells of a change.
 */
export class StreamWatch {
  readonly #connection: JetStreamConnection;
  readonly #stream: OpenedStream;
  /** Whether there are mirrors, when that was last seen. Undefined where nobody may know. */
  #mirrored: boolean | undefined;
  #mayList = true;
  #seenAt = -Infinity;
  #lookedAt = -Infinity;
  #looking: Promise<void> | undefined;
  #missingSince: number | undefined;
  #gone: StoreNotFoundError | undefined;
  #changes = 0;
  #orderDoubted = false;

  constructor(connection: JetStreamConnection, stream: OpenedStream) {
    this.#connection = connection;
    this.#stream = stream;
    const advisories = connection.nc.subscribe(ADVISORIES, {
      callback: (error) => {
        if (error === null) this.doubt();
      },
    });
    // a connection that is used by others as well stays open
    connection.onClose(() => advisories.isClosed() || advisories.unsubscribe());
    connection.onReconnect(() => {
      this.#mayList = true;
      this.doubt();
      this.look();
    });
  }

  /** Whether no other stream can answer direct gets in the place of this one, as far as was seen lately. */
  get isAlone(): boolean {
    const age = performance.now() - this.#seenAt;
    if (age > LOOK_AGAIN_MS) this.look();
    return this.#mirrored === false && age < FRESH_MS;
  }

  /** Why the stream is not there any more. */
  get gone(): StoreNotFoundError | undefined {
    return this.#gone;
  }

  /** A mirror has answered. */
  noteMirror(): void {
    this.#mirrored = true;
  }

  /** Takes nothing that was seen before for true any more. */
  doubt(): void {
    this.#seenAt = -Infinity;
    this.#changes += 1;
  }

  /**
   * A guard did not hold: most often another writer was first. A stream that holds nothing of the kind is
   * looked at.
   */
  doubtOrder(): void {
    this.#orderDoubted = true;
  }

  /** Looks at the stream, unless somebody does, or just did. */
  look(): void {
    if (performance.now() - this.#lookedAt > PAUSE_MS) void this.#look();
  }

  /**
   * Makes sure that the stream is the one that was opened, after something unexpected.
   *
   * @throws {@link StoreNotFoundError} when it is not.
   */
  async confirm(): Promise<void> {
    // a look that has begun may have seen what was before
    await this.#looking;
    await this.#look();
    while (this.#missingSince !== undefined && this.#gone === undefined) {
      await sleep(PAUSE_MS);
      await this.#look();
    }
    if (this.#gone !== undefined) throw this.#gone;
  }

  /** {@link confirm}, unless that was seen lately. */
  async confirmLately(): Promise<void> {
    const seenLately = performance.now() - this.#seenAt <= FRESH_MS && !this.#orderDoubted;
    if (seenLately && this.#gone === undefined) return;
    this.#orderDoubted = false;
    await this.confirm();
  }

  /** A deadline that passes early when the stream turns out to be gone. */
  guard(deadline: Deadline): Deadline {
    if (this.#gone !== undefined) this.look();
    return new WatchedDeadline(this, deadline);
  }

  /**
   * Reads through elections.
   *
   * @throws {@link StoreNotFoundError} when the stream turns out to be gone.
   */
  async reading<T>(deadline: Deadline, read: (deadline: Deadline) => Promise<T>): Promise<T> {
    const guarded = this.guard(deadline);
    for (;;) {
      try {
        return await read(guarded);
      } catch (error) {
        if (!(error instanceof NatsError)) throw error;
        if (this.#gone !== undefined) throw this.#gone;
        if (guarded.passed || !(await this.#isMissing())) throw error;
        await sleep(PAUSE_MS, deadline.signal);
      }
    }
  }

  async #isMissing(): Promise<boolean> {
    await this.#look();
    return this.#missingSince !== undefined;
  }

  async #look(): Promise<void> {
    this.#lookedAt = performance.now();
    this.#looking ??= this.#lookNow()
      // nobody answers: nothing is known, and whoever waits goes on waiting
      .catch(() => undefined)
      .finally(() => (this.#looking = undefined));
    await this.#looking;
  }

  async #lookNow(): Promise<void> {
    const seenAt = performance.now();
    const changes = this.#changes;
    const deadline = new Deadline(LOOK_TIMEOUT_MS);
    const info = await this.#connection.api.streamInfo(this.#stream.name, deadline);
    if (!info.ok) return this.#noteFault(info.fault.err_code);
    this.#missingSince = undefined;
    this.#noteIdentity(info.value);
    const mirrored = this.#mayList ? await hasMirrors(this.#connection, info.value, deadline) : undefined;
    // each try that is not permitted stands in the server's log: one a connection is enough
    if (mirrored === undefined) this.#mayList = false;
    this.#mirrored = mirrored;
    if (changes === this.#changes) this.#seenAt = seenAt;
  }

  #noteFault(code: number | undefined): void {
    if (code !== ApiCode.streamNotFound) return;
    const now = performance.now();
    this.#missingSince ??= now;
    if (now - this.#missingSince < GONE_MS) return;
    this.#gone = this.#notFound('its JetStream stream was deleted');
  }

  #noteIdentity({ config }: StreamInfo): void {
    const found = identityOf(config);
    const { identity } = this.#stream;
    this.#gone =
      found === identity
        ? undefined
        : this.#notFound(
            `another JetStream stream was created under its name (store ${found ?? 'without identity'}, opened was ${identity}); ` +
              'connect again if that is the store now',
          );
  }

  #notFound(reason: string): StoreNotFoundError {
    return new StoreNotFoundError({ store: this.#stream.name, reason });
  }
}
