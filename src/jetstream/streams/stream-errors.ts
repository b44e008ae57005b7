import { JetsourceError, type Outcome } from '../../kernel/jetsource-error.js';

/** The JetStream stream of the store has settings under which jetsource cannot keep its promises. */
export class StoreSettingsError extends JetsourceError {
  readonly code = 'store-settings';
  override readonly name = 'StoreSettingsError';
  /** Name of the store. */
  readonly store: string;
  /** One line for each setting: its name, what it is, what it has to be. */
  readonly faults: readonly string[];

  constructor(details: { store: string; faults: readonly string[] }, options?: ErrorOptions) {
    super(
      `the JetStream stream of store ${details.store} breaks what jetsource relies on: ${details.faults.join('; ')}. ` +
        `Set these back (nats stream edit), or connect to another store name`,
      options,
    );
    this.store = details.store;
    this.faults = details.faults;
  }
}

/**
 * The store's log is not there any more: its JetStream stream was deleted, or replaced by another. Reading on
 * cannot help.
 */
export class StoreNotFoundError extends JetsourceError {
  readonly code = 'store-not-found';
  /** `unknown` where an append was stored, but in another log than its caller knew. */
  override readonly outcome: Outcome;
  override readonly name = 'StoreNotFoundError';
  /** Name of the store. */
  readonly store: string;
  /** What has become of the log. */
  readonly reason: string;

  constructor(details: { store: string; reason: string; outcome?: Outcome }, options?: ErrorOptions) {
    super(`the log of store ${details.store} is gone: ${details.reason}`, options);
    this.store = details.store;
    this.reason = details.reason;
    this.outcome = details.outcome ?? 'not-applied';
  }
}

/**
 * A replay was to read from a mirror that cannot take the place of the store: it is not there, copies something
 * else, or holds less than the replay asks for. Nothing was delivered from it that the store does not have.
 */
export class UnusableReplicaError extends JetsourceError {
  readonly code = 'unusable-replica';
  override readonly name = 'UnusableReplicaError';
  /** Name of the JetStream stream that was to be read. */
  readonly stream: string;
  /** Its JetStream domain; undefined for the connection's own. */
  readonly domain: string | undefined;
  /** JetStream stream of the store. */
  readonly store: string;
  /** Why it cannot be read. */
  readonly reason: string;

  constructor(
    details: { stream: string; domain?: string | undefined; store: string; reason: string },
    options?: ErrorOptions,
  ) {
    const { stream, domain, store, reason } = details;
    const place = domain === undefined ? stream : `${stream} (domain ${domain})`;
    super(
      `JetStream stream ${place} cannot be read in place of store ${store}: ${reason}. ` +
        'Correct the mirror, or read from the store',
      options,
    );
    this.stream = stream;
    this.domain = domain;
    this.store = store;
    this.reason = reason;
  }
}

/** No stream captures what a handler listens to: its events would never come. */
export class JetStreamNotFoundError extends JetsourceError {
  readonly code = 'jetstream-not-found';
  override readonly outcome = 'not-applied';
  override readonly name = 'JetStreamNotFoundError';
  /** The handler's pattern. */
  readonly pattern: string;

  constructor(details: { pattern: string; reason: string }, options?: ErrorOptions) {
    super(`no events can come for ${details.pattern}: ${details.reason}`, options);
    this.pattern = details.pattern;
  }
}

/**
 * A JetStream stream cannot be given the settings asked for. It was left as it is: correct the options, or
 * the stream.
 */
export class JetStreamSettingsError extends JetsourceError {
  readonly code = 'jetstream-settings';
  override readonly name = 'JetStreamSettingsError';
  /** Name of the JetStream stream. */
  readonly stream: string;

  constructor(details: { stream: string; reason: string }, options?: ErrorOptions) {
    super(`stream ${details.stream} cannot have the settings asked for: ${details.reason}`, options);
    this.stream = details.stream;
  }
}
