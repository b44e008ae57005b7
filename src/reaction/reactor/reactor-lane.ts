import { causedBy, runWithMetadata } from '../../event/metadata-context.js';
import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import { describeThrown } from '../../kernel/describe-thrown.js';
import { Wakeup } from '../../kernel/wakeup.js';
import type { NamedConsumerConfig } from '../../jetstream/api/jetstream-api.js';
import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { HandlerConsumer, type HandlerConsumerOptions } from '../consumer/handler-consumer.js';
import type { RedriveWatch } from '../consumer/redrive-watch.js';
import { CommitUnpacker } from '../delivery/commit-unpacker.js';
import type { HandlerCall } from '../delivery/handler-call.js';
import type { ReactionLogger } from '../reaction-logger.js';
import type { ReactionObserver } from '../reaction-observer.js';
import type { LaneReport } from './lane-report.js';
import { ReactorCall } from './reactor-call.js';
import type { ReactorDefinition } from './reactor-definition.js';
import { eventTypesOf, ownCategoriesOf } from './reactor-filters.js';
import { reactorLabel } from './reactor-names.js';
import { reactorPolicy } from './reactor-policy.js';

/** An idle pull is known to be alive by this, in milliseconds. */
const HEARTBEAT_MS = 1_500;
const PROBLEM_LENGTH = 300;

/** What the lanes of a process's reactors share. */
export interface ReactorParts {
  readonly store: JetStreamEventStore;
  readonly service: string;
  /** Where events are parked. */
  readonly park: DeadLetterStream;
  readonly redriveWatch: RedriveWatch;
  readonly logger: ReactionLogger;
  readonly observer: ReactionObserver;
  /** How long handlers may go on when their lane is stopped, in milliseconds. */
  readonly graceMs: number;
  /** Told what keeps a lane from being read. */
  readonly onError: (error: unknown) => void;
}

/** A lane of a reactor. */
export interface ReactorLaneOptions {
  readonly definition: ReactorDefinition;
  readonly lane: number;
  /** The settings of its consumer. */
  readonly config: () => NamedConsumerConfig;
  /** Resolves when the consumer may be read: nobody runs lanes that overlap, and it begins after those. */
  readonly prepare: (signal: AbortSignal, onWaiting: (why: string) => void) => Promise<void>;
  /** For how much longer this process owns the lane for certain, in milliseconds; 0 when it does not. */
  readonly certainMs: () => number;
  /** The same, also while the lane is being stopped: nobody else has it before that is done. */
  readonly ownedMs: () => number;
}

/** Delivers the events of one lane to a reactor, while this process owns the lane. */
export class ReactorLane {
  readonly #parts: ReactorParts;
  readonly #options: ReactorLaneOptions;
  readonly #policy: ReturnType<typeof reactorPolicy>;
  #consumer: HandlerConsumer<never> | undefined;
  #handled = 0;
  #handledAt: Date | undefined;
  #problem: string | undefined;
  #isUnparked = false;
  #hasFailed = false;

  constructor(parts: ReactorParts, options: ReactorLaneOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#policy = reactorPolicy(options.definition);
  }

  /** Resolves when the signal has aborted, or the consumer cannot be opened: then it is to be run again. */
  async run(signal: AbortSignal): Promise<void> {
    const { graceMs, onError } = this.#parts;
    try {
      await this.#options.prepare(signal, (why) => this.#note(why));
      if (signal.aborted) return;
      const consumer = await HandlerConsumer.open(
        this.#parts.store.connection,
        this.#consumerOptions(signal),
      );
      this.#consumer = consumer;
      this.#hasFailed = false;
    } catch (error) {
      this.#hasFailed = true;
      this.#note(describeThrown(error));
      if (!signal.aborted) onError(error);
      return;
    }
    this.#consumer.start();
    await new Wakeup().wait({ signal });
    await this.#consumer.stop(graceMs);
    this.#consumer = undefined;
  }

  get report(): LaneReport {
    const status = this.#consumer?.status;
    const { longestCall, state = 'starting' } = status ?? {};
    const isReading = state === 'running' || state === 'starting';
    return {
      lane: this.#options.lane,
      state: this.#hasFailed ? 'failed' : isReading ? state : 'recovering',
      handled: this.#handled,
      handledAt: this.#handledAt?.toISOString(),
      problem: this.#problem,
      isUnparked: this.#isUnparked ? true : undefined,
      longest: longestCall && { sequence: longestCall.sequence, since: longestCall.since.toISOString() },
    };
  }

  #consumerOptions(signal: AbortSignal): HandlerConsumerOptions<never> {
    const { store, service, park, redriveWatch, logger } = this.#parts;
    const { definition, lane, config, certainMs, ownedMs } = this.#options;
    const reactor = definition.name;
    return {
      handler: reactor,
      log: store.jetStream,
      config: config(),
      consumerLabel: reactorLabel({ service, reactor }),
      bind: false,
      heartbeatMs: HEARTBEAT_MS,
      idleHeartbeatMs: HEARTBEAT_MS,
      maxMessages: Number.MAX_SAFE_INTEGER,
      policy: this.#policy,
      unpacker: new CommitUnpacker({
        registry: store.registry,
        eventTypes: eventTypesOf(definition, store.registry),
        ownCategories: ownCategoriesOf(definition),
      }),
      handle: async (call, attempt) => this.#handle(call, attempt, signal),
      parkingPlace: park,
      observer: this.#observer(),
      // the events that are redriven have no order: one lane gets them all
      redriveWatch: lane === 0 ? redriveWatch : undefined,
      restoreLog: undefined,
      sole: {
        certainMs,
        // a commit that has begun is finished: the next owner would repeat the events of it that are done
        mayBegin: (isUnderWay) => (isUnderWay ? ownedMs() : certainMs()) > 0,
        onUnparked: (error) => {
          this.#isUnparked = true;
          this.#note(`an event cannot be parked: ${error.message}`);
        },
      },
      logger,
    };
  }

  async #handle(call: HandlerCall<never>, attempt: number, lane: AbortSignal): Promise<void> {
    if (call.kind !== 'event') return;
    const { definition } = this.#options;
    const context = new ReactorCall({
      reactor: definition.name,
      service: this.#parts.service,
      attempt,
      isRedriven: call.message.letter !== undefined,
      timeoutMs: this.#policy.handlerTimeoutMs,
      lane,
    });
    try {
      await runWithMetadata(causedBy(call.event), async () => definition.handle(call.event, context));
    } finally {
      context.end();
    }
  }

  #observer(): ReactionObserver {
    const { observer } = this.#parts;
    return {
      onAttempt: (attempt) => {
        const { error } = attempt();
        if (error === undefined) this.#noteHandled();
        else this.#note(`${error.name}: ${error.message}`);
        observer.onAttempt(attempt);
      },
      onDeadLetter: (letter) => {
        this.#isUnparked = false;
        this.#noteHandled();
        observer.onDeadLetter(letter);
      },
      onInterruption: (interruption) => {
        this.#note(interruption.reason);
        observer.onInterruption(interruption);
      },
    };
  }

  #noteHandled(): void {
    this.#handled += 1;
    this.#handledAt = new Date();
  }

  #note(problem: string): void {
    this.#problem = problem.slice(0, PROBLEM_LENGTH);
  }
}
