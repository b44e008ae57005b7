import type { JsonValue } from '../../event/json-value.js';
import type { Position } from '../../event/position.js';
import { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { Wakeup } from '../../kernel/wakeup.js';
import { LaneRunner } from '../../lane/lane-runner.js';
import type { LaneWork } from '../../lane/lane-work.js';
import { RedriveWatch } from '../consumer/redrive-watch.js';
import { reactorsByName } from './define-reactor.js';
import { laneReportIn, type LaneReport, type ReactorReports } from './lane-report.js';
import {
  type ParkedQuery,
  type ParkedReaction,
  type ParkedReactionDetails,
  type ParkedSelection,
} from './parked-events.js';
import { type OrphanedReactor, orphansIn } from './orphaned-reactor.js';
import { ProgressMemory } from './progress-memory.js';
import { type FoundConsumer, ReactorConsumers } from './reactor-consumers.js';
import type { ReactorDefinition } from './reactor-definition.js';
import { ReactorsStartedError, UnknownReactorError } from './reactor-errors.js';
import { changeLanes } from './lane-change.js';
import { ReactorLane, type ReactorLaneOptions } from './reactor-lane.js';
import { ReactorPark } from './reactor-park.js';
import { reactorWork, reactorWorks } from './reactor-names.js';
import { laneStatusOf, type ReactorStatus, reactorStatusOf } from './reactor-status.js';
import { checkWaitOptions, ReactorWaits, type WaitUntilHandledOptions } from './reactor-waits.js';
import {
  type ReactorsOptions,
  type ResolvedReactorsOptions,
  resolveReactorsOptions,
} from './reactors-options.js';

/** A stop of the lanes waits this much longer than handlers may take, in milliseconds. */
const STOP_MARGIN_MS = 2_000;
/** Progress is looked at this often within the time after which a lane is stalled. */
const LOOKS_A_STALL = 4;
/** Whether others still run the former number of lanes is looked at this often, in milliseconds. */
const LANES_LOOK_MS = 250;

/**
 * Runs the reactors of one process. Instances of a service share them: each lane of a reactor has one owner at a
 * time, and another instance takes over from one that stops or dies.
 *
 * Each event is handled at least once. Those of one stream are handled in order and one at a time, also when an
 * instance dies: the next owner gets first what the former one had not acknowledged. An instance that was
 * suspended begins no handler of a lane that it may have lost; one that was running then goes on, and its signal
 * aborts.
 *
 * @example
 * await using reactors = new Reactors(store, [welcome], { service: 'shop' });
 * await reactors.start();
 */
export class Reactors implements AsyncDisposable {
  readonly #store: JetStreamEventStore;
  readonly #definitions: ReadonlyMap<string, ReactorDefinition>;
  readonly #options: ResolvedReactorsOptions;
  readonly #consumers: ReactorConsumers;
  readonly #park: ReactorPark;
  readonly #waits: ReactorWaits;
  readonly #runner: LaneRunner;
  readonly #progress = new ProgressMemory();
  /** By the names of works. */
  readonly #lanes = new Map<string, ReactorLane[]>();
  /** Reactors that had another number of lanes when this process was started. */
  readonly #changed = new Map<string, Promise<void> | undefined>();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;
  #watch: NodeJS.Timeout | undefined;

  /**
   * @throws {@link InvalidOptionError} for options that cannot work, or two reactors of one name.
   * @throws {@link EventRegistrationError} when the store does not know an event type of a reactor.
   */
  constructor(
    store: JetStreamEventStore,
    definitions: readonly ReactorDefinition[],
    options: ReactorsOptions,
  ) {
    if (!(store instanceof JetStreamEventStore)) {
      const allowed = 'a store that connectEventStore(…) returned';
      throw new InvalidOptionError({ option: 'store', given: store, allowed });
    }
    this.#store = store;
    this.#options = resolveReactorsOptions(options);
    this.#definitions = reactorsByName(definitions);
    const { service, lanes, graceMs, onError } = this.#options;
    this.#consumers = new ReactorConsumers(store, service);
    this.#park = new ReactorPark(store, service);
    this.#waits = new ReactorWaits(store, this.#consumers);
    this.#runner = new LaneRunner(store.records, store.peers, {
      ...lanes,
      service,
      stopMs: graceMs + STOP_MARGIN_MS,
      report: () => this.#report(),
      onError,
    });
    for (const { events = [] } of this.#definitions.values())
      for (const event of events) store.registry.nameOf(event);
  }

  /**
   * Begins. When it resolves, the consumers of all reactors exist: no event that is stored from then on is missed,
   * also in lanes that no instance owns yet.
   *
   * @throws {@link ReactorsStartedError} when it was called before, or after a stop.
   * @throws {@link NatsError} when the server does not answer; {@link ConsumerSettingsError} or
   * {@link JetStreamSettingsError} when it refuses. Nothing runs then.
   */
  async start(): Promise<void> {
    if (this.#stopped !== undefined) throw new ReactorsStartedError('these are stopped');
    if (this.#started !== undefined) throw new ReactorsStartedError('these are started');
    this.#started = this.#start();
    try {
      await this.#started;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /**
   * Takes no more events, lets handlers finish within the grace time, hands back what is not done, and gives the
   * lanes to other instances. Never rejects. Safe to call twice.
   */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * How each reactor is, over all instances of the service.
   *
   * @throws {@link NatsError} when the server does not answer.
   */
  async status(): Promise<readonly ReactorStatus[]> {
    const found = await this.#look();
    return [...this.#definitions.values()].map((definition) => {
      const work = this.#workOf(definition);
      const lanes = this.#runner.owners(work).map((owner) => {
        const consumer = this.#consumers.nameOf(definition, owner.lane);
        const isStalled = this.#progress.quietMs(consumer) >= this.#options.stallMs;
        const report = this.#reportOf(work, owner.lane);
        return laneStatusOf({ consumer, owner, found: found.get(consumer), report, isStalled });
      });
      return reactorStatusOf(definition.name, lanes);
    });
  }

  /**
   * What reactors of the service left behind that are not defined here.
   *
   * @throws {@link NatsError} when the server does not answer.
   */
  async orphans(): Promise<readonly OrphanedReactor[]> {
    return orphansIn(await this.#consumers.list(), (reactor) => this.#definitions.has(reactor));
  }

  /**
   * Removes the consumers of a reactor that is not defined any more, and with them its position.
   *
   * @throws {@link UnknownReactorError} when no such reactor left anything behind.
   * @throws {@link InvalidOptionError} when another instance runs it.
   */
  async removeOrphan(reactor: string): Promise<void> {
    const orphans = await this.orphans();
    const orphan = orphans.find((each) => each.reactor === reactor);
    if (orphan === undefined)
      throw new UnknownReactorError({ reactor, known: orphans.map((each) => each.reactor) });
    const works = reactorWorks({ service: this.#options.service, reactor });
    if (this.#runner.members().some((member) => member.works.some((work) => work.startsWith(works)))) {
      const allowed = 'a reactor that no instance runs';
      throw new InvalidOptionError({ option: 'reactor', given: reactor, allowed });
    }
    for (const consumer of orphan.consumers) await this.#consumers.remove(consumer);
  }

  /** The parked events, oldest first. */
  async parked(query: ParkedQuery = {}): Promise<readonly ParkedReaction[]> {
    return (await this.#park.events()).list(query);
  }

  /** How many events are parked, in one request. */
  async countParked(): Promise<number> {
    return (await this.#park.events()).count();
  }

  /**
   * A parked event with the event as the store has it.
   *
   * @throws {@link DeadLetterNotFoundError} when there is none of that number.
   */
  async parkedEvent(id: number): Promise<ParkedReactionDetails> {
    return (await this.#park.events()).show(id);
  }

  /**
   * Gives parked events back to their reactors: those of a list of numbers, of a query, or all. They are handled
   * beside the others, with all of their attempts; what succeeds leaves the park.
   *
   * @returns how many.
   * @throws {@link DeadLetterNotFoundError} when there is none of a number. Those before it are redriven.
   */
  async redrive(selection: ParkedSelection): Promise<number> {
    return (await this.#park.events()).redrive(selection);
  }

  /**
   * Removes parked events for good. The events stay in the store.
   *
   * @returns how many.
   * @throws {@link DeadLetterNotFoundError} when there is none of a number.
   */
  async discard(selection: ParkedSelection): Promise<number> {
    return (await this.#park.events()).discard(selection);
  }

  /**
   * Waits until reactors have handled or parked the event at a position, and what comes before it in their lanes.
   * A reactor that does not get the event is not waited for.
   *
   * @throws {@link WaitTimeoutError} naming the reactor, and what it has not done.
   * @throws {@link UnknownReactorError} for a name that was not given.
   * @throws What the signal aborts with.
   */
  async waitUntilHandled(position: Position, options: WaitUntilHandledOptions = {}): Promise<void> {
    checkWaitOptions(options);
    const { reactor, ...others } = options;
    const definitions = reactor === undefined ? [...this.#definitions.values()] : [this.#definition(reactor)];
    await this.#waits.wait(position, definitions, others);
  }

  async #start(): Promise<void> {
    const { service, logger, observer, graceMs, onError } = this.#options;
    const definitions = [...this.#definitions.values()];
    const park = await this.#park.place();
    const { changed, resumed } = await this.#consumers.createMissing(definitions);
    for (const name of changed) this.#changed.set(name, undefined);
    for (const { consumer, after } of resumed)
      logger.warn(
        `consumer ${consumer} was deleted, and is created again after sequence ${after}, which was noted last; ` +
          'what was handled since comes again. Give the reactor another name to begin elsewhere',
      );
    if (this.#stopped !== undefined) return;
    const watch = new RedriveWatch(park);
    const tell = (error: unknown): void => {
      logger.warn(`a reactor cannot read its consumer, and tries again: ${describeThrown(error)}`);
      onError(error);
    };
    const parts = {
      store: this.#store,
      service,
      park,
      redriveWatch: watch,
      logger,
      observer,
      graceMs,
      onError: tell,
    };
    await this.#runner.start(definitions.map((definition) => this.#work(definition, parts)));
    this.#watch = setInterval(
      () => void this.#notePositions(this.#owned()).catch(() => undefined),
      this.#options.stallMs / LOOKS_A_STALL,
    );
    this.#watch.unref();
    if (this.#stopped !== undefined) clearInterval(this.#watch);
  }

  #work(definition: ReactorDefinition, parts: ConstructorParameters<typeof ReactorLane>[0]): LaneWork {
    const work = this.#workOf(definition);
    const { lanes: count = 1 } = definition;
    const lanes = Array.from({ length: count }, (_, lane) => {
      const config = (): ReturnType<ReactorConsumers['configOf']> =>
        this.#consumers.configOf(definition, lane);
      const certainMs = (): number => this.#runner.certainMs({ work, lane });
      const ownedMs = (): number => this.#runner.ownedMs({ work, lane });
      const prepare: ReactorLaneOptions['prepare'] = async (...given) => this.#prepare(definition, ...given);
      return new ReactorLane(parts, { definition, lane, config, prepare, certainMs, ownedMs });
    });
    this.#lanes.set(work, lanes);
    const run = async (lane: number, signal: AbortSignal): Promise<void> => lanes[lane]?.run(signal);
    return { name: work, lanes: count, run };
  }

  /** Where the reactor had another number of lanes, it waits until nobody runs those, and takes over from them. */
  async #prepare(
    definition: ReactorDefinition,
    signal: AbortSignal,
    onWaiting: (why: string) => void,
  ): Promise<void> {
    const { name, lanes = 1 } = definition;
    if (!this.#changed.has(name)) return;
    const [works, own] = [
      reactorWorks({ service: this.#options.service, reactor: name }),
      this.#workOf(definition),
    ];
    const isOther = (work: string): boolean => work.startsWith(works) && work !== own;
    const pause = new Wakeup();
    while (this.#runner.members().some((member) => member.works.some(isOther))) {
      onWaiting(`it waits until no instance runs it with another number of lanes than ${lanes}`);
      if ((await pause.wait({ timeoutMs: LANES_LOOK_MS, signal })) === 'aborted') return;
    }
    const changing = this.#changed.get(name) ?? this.#change(definition);
    if (this.#changed.has(name)) this.#changed.set(name, changing);
    await changing;
  }

  async #change(definition: ReactorDefinition): Promise<void> {
    const { name, lanes = 1 } = definition;
    try {
      const repeated = await changeLanes(this.#consumers, definition);
      this.#changed.delete(name);
      this.#options.logger.warn(
        `reactor ${name} has ${lanes} lanes now; up to ${repeated} commits come again`,
      );
    } catch (error) {
      // it is tried again
      this.#changed.set(name, undefined);
      throw error;
    }
  }

  async #stop(): Promise<void> {
    const owned = this.#owned();
    await this.#runner.stop();
    await this.#started?.catch(() => undefined);
    clearInterval(this.#watch);
    if (owned.size > 0) await this.#notePositions(owned, true).catch(() => undefined);
  }

  /** Names of the consumers of the lanes that this process owns. */
  #owned(): ReadonlySet<string> {
    const definitions = [...this.#definitions.values()];
    return new Set(
      definitions.flatMap((definition) =>
        this.#runner
          .owners(this.#workOf(definition))
          .filter(({ owner }) => owner?.isSelf === true)
          .map(({ lane }) => this.#consumers.nameOf(definition, lane)),
      ),
    );
  }

  /** Looks at the consumers, and notes how far those are. */
  async #notePositions(consumers: ReadonlySet<string>, isLast = false): Promise<void> {
    const found = await this.#look();
    const own = [...found.values()].filter(({ info }) => consumers.has(info.name));
    await Promise.allSettled(own.map(async (each) => this.#consumers.notePosition(each, isLast)));
  }

  /** The consumers by name, with their progress noted. */
  async #look(): Promise<ReadonlyMap<string, FoundConsumer>> {
    const found = await this.#consumers.list();
    for (const each of found) {
      const { service, reactor, lane, lanes } = each.of;
      this.#progress.note(each, this.#reportOf(reactorWork({ service, reactor }, lanes), lane)?.handled ?? 0);
    }
    return new Map(found.map((each) => [each.info.name, each]));
  }

  /** What the owner of a lane says of it. */
  #reportOf(work: string, lane: number): LaneReport | undefined {
    const { owner } = this.#runner.owners(work).find((each) => each.lane === lane) ?? {};
    return owner?.isSelf === true
      ? this.#lanes.get(work)?.[lane]?.report
      : laneReportIn(owner?.report, work, lane);
  }

  #report(): JsonValue {
    const self = this.#runner.id;
    const reactors: Record<string, readonly LaneReport[]> = {};
    for (const [work, lanes] of this.#lanes) {
      const owned = this.#runner.owners(work).flatMap(({ lane, owner }) => (owner?.id === self ? lane : []));
      if (owned.length > 0) reactors[work] = owned.flatMap((lane) => lanes[lane]?.report ?? []);
    }
    const report: { readonly reactors: ReactorReports } = { reactors };
    // what is undefined is left out
    return JSON.parse(JSON.stringify(report)) as JsonValue;
  }

  #workOf({ name: reactor, lanes = 1 }: ReactorDefinition): string {
    return reactorWork({ service: this.#options.service, reactor }, lanes);
  }

  #definition(reactor: string): ReactorDefinition {
    const definition = this.#definitions.get(reactor);
    if (definition !== undefined) return definition;
    throw new UnknownReactorError({ reactor, known: [...this.#definitions.keys()] });
  }
}
