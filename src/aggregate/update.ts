import type { StoredCommit } from '../event/commit.js';
import type { StreamName } from '../event/stream-name.js';
import type { Version } from '../event/version.js';
import { toAppendResult } from '../event-store/append-result.js';
import type { AppendResult, Consistency, EventStore, Expectation } from '../event-store/event-store.js';
import { Backoff } from '../kernel/backoff.js';
import { AggregateNotFoundError, WrongExpectedVersionError } from '../kernel/errors.js';
import { checkKnownOptions, integerOption } from '../kernel/options.js';
import { sleep } from '../kernel/sleep.js';
import type { EventSourcedAggregate } from './event-sourced-aggregate.js';
import type { LoadedAggregate } from './loaded-aggregate.js';
import type { UpdateOptions, UpdateResult } from './update-options.js';

const DEFAULT_RETRIES = 3;
const OPTIONS = ['expect', 'commandId', 'retries', 'metadata', 'deadlineMs', 'signal'];

/** One decision about one aggregate: load, decide, store, and again when another writer was first. */
export class Update<A extends EventSourcedAggregate> {
  readonly #store: EventStore;
  readonly #stream: StreamName;
  readonly #load: (consistency: Consistency) => Promise<LoadedAggregate<A>>;
  readonly #options: UpdateOptions;
  readonly #retries: number;
  readonly #backoff = new Backoff(5, 100);

  constructor(
    store: EventStore,
    name: StreamName,
    load: (consistency: Consistency) => Promise<LoadedAggregate<A>>,
    options: UpdateOptions,
  ) {
    checkKnownOptions(options, OPTIONS);
    checkExpectation(options.expect);
    this.#store = store;
    this.#stream = name;
    this.#load = load;
    this.#options = options;
    this.#retries = integerOption('retries', options.retries, DEFAULT_RETRIES, 0);
  }

  async run<T>(decide: (aggregate: A) => T | Promise<T>): Promise<UpdateResult<Awaited<T>>> {
    for (let attempt = 1; ; attempt += 1) {
      // what any replica knows will do at first: the guard makes a stale decision harmless
      const loaded = await this.#loadExpected(attempt === 1 ? 'follower' : 'leader');
      const earlier = this.#handledBefore(loaded.commits);
      if (earlier !== undefined) return resultOf<Awaited<T>>(toAppendResult(earlier, false), undefined, 0);
      const isLast = attempt > this.#retries;
      const result = await this.#attempt(loaded, decide, attempt, isLast);
      if (result !== undefined) return result;
      await sleep(this.#backoff.next(), this.#options.signal);
    }
  }

  /** Undefined when it has to be decided again. */
  async #attempt<T>(
    { aggregate, version }: LoadedAggregate<A>,
    decide: (aggregate: A) => T | Promise<T>,
    attempts: number,
    isLast: boolean,
  ): Promise<UpdateResult<Awaited<T>> | undefined> {
    let value: Awaited<T>;
    try {
      value = await decide(aggregate);
    } catch (refusal) {
      if (await this.#isStale(version, isLast)) return undefined;
      throw refusal;
    }
    const events = [...aggregate.getUncommittedEvents()];
    if (events.length === 0) {
      if (await this.#isStale(version, isLast)) return undefined;
      return { value, version, position: undefined, committed: false, attempts };
    }
    const stored = await this.#append(events, version, isLast);
    if (stored === undefined) return undefined;
    aggregate.uncommit();
    return stored.committed ? resultOf(stored, value, attempts) : resultOf<Awaited<T>>(stored, undefined, 0);
  }

  async #append(events: object[], version: Version, isLast: boolean): Promise<AppendResult | undefined> {
    const { commandId, metadata, deadlineMs, signal } = this.#options;
    try {
      return await this.#store.append(this.#stream, events, {
        expect: version,
        lookedUpTo: version,
        commandId,
        metadata,
        deadlineMs,
        signal,
      });
    } catch (error) {
      const mayRetry =
        error instanceof WrongExpectedVersionError && !isLast && typeof this.#options.expect !== 'number';
      if (mayRetry) return undefined;
      throw error;
    }
  }

  async #loadExpected(consistency: Consistency): Promise<LoadedAggregate<A>> {
    const loaded = await this.#load(consistency);
    if (this.#meetsExpectation(loaded)) return loaded;
    if (consistency === 'follower') return this.#loadExpected('leader');
    throw this.#unexpected(loaded.version);
  }

  #meetsExpectation({ version, commits }: LoadedAggregate<A>): boolean {
    const { expect = 'exists' } = this.#options;
    if (expect === 'any' || this.#handledBefore(commits) !== undefined) return true;
    if (expect === 'exists') return version > 0;
    return version === (expect === 'none' ? 0 : expect);
  }

  #unexpected(actual: Version): Error {
    const { expect = 'exists' } = this.#options;
    const name = this.#stream.toString();
    if (actual === 0 && expect !== 'none') return new AggregateNotFoundError({ stream: name });
    return new WrongExpectedVersionError({ stream: name, expected: expect as 'none' | number, actual });
  }

  #handledBefore(commits: readonly StoredCommit[]): StoredCommit | undefined {
    const { commandId } = this.#options;
    return commandId === undefined
      ? undefined
      : commits.find((commit) => commit.metadata.commandId === commandId);
  }

  /**
   * What writes nothing is not guarded, so it is compared with the leader's word.
   *
   * @throws {@link WrongExpectedVersionError} when it was the last try.
   */
  async #isStale(version: Version, isLast: boolean): Promise<boolean> {
    const { signal } = this.#options;
    const now = await this.#store.tail(this.#stream, { behind: version, consistency: 'leader', signal });
    if (now.version === version) return false;
    if (!isLast) return true;
    throw new WrongExpectedVersionError({
      stream: this.#stream.toString(),
      expected: version,
      actual: now.version,
    });
  }
}

function checkExpectation(expect: Expectation = 'exists'): void {
  if (expect === 'any' || expect === 'none' || expect === 'exists') return;
  integerOption('expect', expect, 0, 0);
}

function resultOf<T>(stored: AppendResult, value: T | undefined, attempts: number): UpdateResult<T> {
  return {
    value,
    version: stored.version,
    position: stored.position,
    committed: stored.committed,
    attempts,
  };
}
