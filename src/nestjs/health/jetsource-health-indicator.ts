import type { EventStore } from '../../event-store/event-store.js';
import { abortable } from '../../kernel/abortable.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import type { Projections } from '../../projection/projections.js';
import { type ProjectionHealth, projectionHealth } from './projection-health.js';

/** Options of {@link JetsourceHealthIndicator.isHealthy}. */
export interface JetsourceHealthOptions {
  /** How long the store has to answer, in milliseconds. @default 1_000 */
  readonly timeoutMs?: number | undefined;
  /** A projection that lacks more commits than that is not healthy. @default any lag is */
  readonly maxLagCommits?: number | undefined;
  /** A projection that lacks a commit older than that is not healthy, in milliseconds. @default any lag is */
  readonly maxLagMs?: number | undefined;
}

/** What a health check says of a store and its projections. */
export interface JetsourceHealth {
  readonly status: 'up' | 'down';
  /** Why it is down; undefined when it is up. */
  readonly message?: string | undefined;
  /** The store's name. */
  readonly store: string;
  readonly projections: readonly ProjectionHealth[];
}

/**
 * Health of a store and its projections for `@nestjs/terminus` 11 or later, which is not needed to use it. Down
 * while the store does not answer, and while a projection has failed or diverged, is stuck in a handler, waits
 * for its database, is paused, is run by nobody, or lags too much; `message` names the causes. `JetsourceModule`
 * provides it; that of a store with an alias under {@link healthIndicatorToken}.
 *
 * @example
 * \@Get('health')
 * \@HealthCheck()
 * check(): Promise<HealthCheckResult> {
 *   return this.health.check([() => this.jetsource.isHealthy('jetsource', { maxLagCommits: 1_000 })]);
 * }
 */
export class JetsourceHealthIndicator {
  readonly #store: EventStore;
  readonly #projections: Projections;

  /** @internal */
  constructor(store: EventStore, projections: Projections) {
    this.#store = store;
    this.#projections = projections;
  }

  /**
   * The health of the store and its projections. Resolves, also when it is down.
   *
   * @param key Name of the entry in the result.
   * @default 'jetsource'
   * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
   */
  async isHealthy<const Key extends string = 'jetsource'>(
    key: Key = 'jetsource' as Key,
    options: JetsourceHealthOptions = {},
  ): Promise<Record<Key, JetsourceHealth>> {
    checkKnownOptions(options, ['timeoutMs', 'maxLagCommits', 'maxLagMs']);
    const max = LONGEST_TIMER_MS;
    const timeoutMs = integerOption('timeoutMs', options.timeoutMs, { fallback: 1_000, max });
    const any = { fallback: Infinity, min: 0 };
    const limits = {
      maxLagCommits: integerOption('maxLagCommits', options.maxLagCommits, any),
      maxLagMs: integerOption('maxLagMs', options.maxLagMs, any),
    };
    const storeCause = await this.#askStore(timeoutMs);
    const projections = this.#projections.status().map((status) => projectionHealth(status, limits));
    const causes = [storeCause, ...projections.map(({ cause }) => cause)].filter(
      (cause) => cause !== undefined,
    );
    const health: JetsourceHealth = {
      status: causes.length === 0 ? 'up' : 'down',
      message: causes.length === 0 ? undefined : causes.join('; '),
      store: this.#store.name,
      projections,
    };
    return { [key]: health } as Record<Key, JetsourceHealth>;
  }

  /** Why the store cannot be used; undefined when it answers. */
  async #askStore(timeoutMs: number): Promise<string | undefined> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      await abortable(this.#store.lastSequence({ signal }), [signal]);
      return undefined;
    } catch (error) {
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : describeThrown(error);
      return `store ${this.#store.name} cannot be reached: ${why}`;
    }
  }
}
