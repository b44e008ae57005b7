import { abortable } from '../../kernel/abortable.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import type { OrphanedReactor } from '../../reaction/reactor/orphaned-reactor.js';
import type { Reactors } from '../../reaction/reactor/reactors.js';
import type {
  ReactorLaneStatus,
  ReactorState,
  ReactorStatus,
} from '../../reaction/reactor/reactor-status.js';

/** Options of {@link ReactorsHealthIndicator.isHealthy}. */
export interface ReactorsHealthOptions {
  /** How long the store has to answer, in milliseconds. @default 1_000 */
  readonly timeoutMs?: number | undefined;
  /** A call of a handler that runs for longer is not healthy, in milliseconds. @default 60_000 */
  readonly maxCallMs?: number | undefined;
  /** More parked events than that are not healthy. @default any number is healthy */
  readonly maxParked?: number | undefined;
}

/** How a reactor is doing, as a health check reports it. */
export interface ReactorHealth {
  /** Name of the reactor. */
  readonly name: string;
  readonly state: ReactorState;
  /** Commits that are not handled. */
  readonly pending: number;
  /** Why it is not healthy; undefined when it is. */
  readonly cause: string | undefined;
}

/** What a health check says of the reactors of a service. */
export interface ReactorsHealth {
  readonly status: 'up' | 'down';
  /** Why it is down; undefined when it is up. */
  readonly message?: string | undefined;
  readonly reactors: readonly ReactorHealth[];
  /** Parked events of the service; undefined while it is not known. */
  readonly parked: number | undefined;
  /** Reactors that left consumers behind and are not defined any more. They are no cause to be down. */
  readonly orphans: readonly OrphanedReactor[];
}

/** What is compared with a status. */
interface Limits {
  readonly maxCallMs: number;
  readonly maxParked: number;
}

/**
 * Health of the reactors of a service for `@nestjs/terminus` 11 or later, which is not needed to use it. Down while
 * events are pending and none is handled (a stall), a consumer cannot be read, nobody runs a lane, a handler does not
 * return, an event cannot be parked, or the server does not answer; `message` names the causes. All instances say the
 * same.
 *
 * @example
 * \@Get('health')
 * \@HealthCheck()
 * check(): Promise<HealthCheckResult> {
 *   return this.health.check([() => this.reactors.isHealthy()]);
 * }
 */
export class ReactorsHealthIndicator {
  readonly #reactors: Pick<Reactors, 'status' | 'countParked' | 'orphans'>;

  constructor(reactors: Pick<Reactors, 'status' | 'countParked' | 'orphans'>) {
    this.#reactors = reactors;
  }

  /**
   * The health of the reactors. Resolves, also when it is down.
   *
   * @param key Name of the entry in the result.
   * @default 'reactors'
   * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
   */
  async isHealthy<const Key extends string = 'reactors'>(
    key: Key = 'reactors' as Key,
    options: ReactorsHealthOptions = {},
  ): Promise<Record<Key, ReactorsHealth>> {
    checkKnownOptions(options, ['timeoutMs', 'maxCallMs', 'maxParked']);
    const max = LONGEST_TIMER_MS;
    const timeoutMs = integerOption('timeoutMs', options.timeoutMs, { fallback: 1_000, max });
    const limits = {
      maxCallMs: integerOption('maxCallMs', options.maxCallMs, { fallback: 60_000, max }),
      maxParked: integerOption('maxParked', options.maxParked, { fallback: Infinity, min: 0 }),
    };
    return { [key]: await this.#ask(timeoutMs, limits) } as Record<Key, ReactorsHealth>;
  }

  async #ask(timeoutMs: number, limits: Limits): Promise<ReactorsHealth> {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const asked = [
        this.#reactors.status(),
        this.#reactors.countParked(),
        this.#reactors.orphans(),
      ] as const;
      const [statuses, parked, orphans] = await abortable(Promise.all(asked), [signal]);
      const reactors = statuses.map((status) => reactorHealth(status, limits));
      const causes = [...reactors.map(({ cause }) => cause), parkedCause(parked, limits)];
      return { ...healthBy(causes), reactors, parked, orphans };
    } catch (error) {
      const why = signal.aborted ? `no answer within ${timeoutMs} ms` : describeThrown(error);
      const cause = `the state of reactors cannot be read: ${why}`;
      return { ...healthBy([cause]), reactors: [], parked: undefined, orphans: [] };
    }
  }
}

function healthBy(causes: readonly (string | undefined)[]): Pick<ReactorsHealth, 'status' | 'message'> {
  const given = causes.filter((cause) => cause !== undefined);
  return given.length === 0
    ? { status: 'up', message: undefined }
    : { status: 'down', message: given.join('; ') };
}

function reactorHealth({ reactor: name, state, lanes }: ReactorStatus, limits: Limits): ReactorHealth {
  const pending = lanes.reduce((sum, lane) => sum + lane.pending, 0);
  const reasons = lanes.flatMap((lane) => {
    const reason = laneReason(lane, limits);
    if (reason === undefined) return [];
    return lanes.length === 1 ? reason : `${reason} (lane ${lane.lane})`;
  });
  const cause = reasons.length === 0 ? undefined : `reactor ${name} ${reasons.join(', ')}`;
  return { name, state, pending, cause };
}

function laneReason(lane: ReactorLaneStatus, { maxCallMs }: Limits): string | undefined {
  const { state, pending, problem, longestCall, isUnparked } = lane;
  const why = problem === undefined ? '' : `: ${problem}`;
  if (isUnparked) return `cannot park an event${why}`;
  if (state === 'failed') return `cannot be read${why}`;
  if (state === 'unowned') return 'is run by nobody';
  const runsMs = longestCall === undefined ? 0 : Date.now() - longestCall.since.getTime();
  if (runsMs > maxCallMs)
    return `has a handler that runs for ${Math.round(runsMs / 1_000)} s, at ${longestCall?.position ?? ''}`;
  return state === 'stalled' ? `makes no progress, ${pending} pending${why}` : undefined;
}

function parkedCause(parked: number, { maxParked }: Limits): string | undefined {
  return parked > maxParked ? `${parked} events are parked, more than ${maxParked}` : undefined;
}
