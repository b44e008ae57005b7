import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import { NatsError } from '../../jetstream/connection/connection-errors.js';
import type { JetStreamConnection } from '../../jetstream/connection/jetstream-connection.js';
import { MessageConsumer } from '../../jetstream/consume/message-consumer.js';
import type { ScheduleStream } from '../../jetstream/schedules/schedule-stream.js';
import { Deadline } from '../../kernel/deadline.js';
import { DueTimers } from './due-timers.js';
import { type StoredTimer, TimerLog } from './timer-log.js';
import { checkTimerId, toTimerRequest } from './timer-request.js';
import { TimerSchedules } from './timer-schedules.js';
import { TimerSweep } from './timer-sweep.js';
import {
  type ScheduledTimer,
  type ScheduleOptions,
  type TimerCommand,
  Timers,
  type TimersStatus,
} from './timers.js';
import type { CheckedTimersOptions } from './timers-options.js';
import { Sweeper } from './sweeper.js';

const RESTORE_TIMEOUT_MS = 10_000;
/** The durable consumer that all processes of a store share. */
const CONSUMER = 'due';
const ACK_WAIT_NS = 30_000_000_000;
const HEARTBEAT_MS = { busy: 1_000, idle: 5_000 };

interface Signalled {
  readonly signal?: AbortSignal | undefined;
}

/** The timers of a store on JetStream's message schedules. */
export class JetStreamTimers extends Timers {
  readonly #log: TimerLog;
  readonly #stream: ScheduleStream;
  readonly #schedules: TimerSchedules;
  readonly #options: CheckedTimersOptions;
  readonly #consumer: MessageConsumer;
  readonly #sweeper: Sweeper;
  /** Aborts the calls that a stop does not wait for any longer. */
  readonly #over = new AbortController();
  #started: Promise<void> | undefined;
  #stopped: Promise<void> | undefined;

  constructor(store: JetStreamEventStore, stream: ScheduleStream, options: CheckedTimersOptions) {
    super();
    const log = new TimerLog(store);
    const schedules = new TimerSchedules(stream, log);
    this.#log = log;
    this.#stream = stream;
    this.#schedules = schedules;
    this.#options = options;
    const sweep = new TimerSweep({ store: store.identity, log, stream, schedules });
    this.#sweeper = new Sweeper(async (signal) => sweep.run(signal), {
      everyMs: options.sweepEveryMs,
      onFailure: (reason) =>
        options.logger.warn(
          `timers without a schedule could not be looked for, which is tried again: ${reason}`,
        ),
    });
    this.#consumer = this.#toConsumer(store.connection);
  }

  override get status(): TimersStatus {
    const { state, problem } = this.#consumer;
    return {
      state: this.#started === undefined && this.#stopped === undefined ? 'new' : state,
      problem,
      sweepProblem: this.#sweeper.problem,
    };
  }

  override async schedule(command: TimerCommand, options: ScheduleOptions): Promise<ScheduledTimer> {
    const request = toTimerRequest(command, options, Date.now());
    const { commandId, metadata, signal } = options;
    const timer = await this.#log.schedule(request, { commandId, metadata, signal });
    // also for a command that was handled before: its process may have ended in between
    await this.#arm(timer, signal);
    const { id, command: stored, scheduledFor, position } = timer;
    return { id, command: stored, scheduledFor, position };
  }

  override async cancel(id: string, { signal }: Signalled = {}): Promise<boolean> {
    checkTimerId(id);
    const timer = await this.#log.cancel(id, { signal });
    if (timer === undefined) return false;
    // what is delivered all the same is dropped then
    await this.#schedules.disarm(timer, signal).catch((error: unknown) => this.#passUnlessNats(error));
    return true;
  }

  override async find(id: string, { signal }: Signalled = {}): Promise<ScheduledTimer | undefined> {
    checkTimerId(id);
    const timer = await this.#log.pending(id, { signal });
    if (timer === undefined) return undefined;
    const { command, scheduledFor, position } = timer;
    return { id, command, scheduledFor, position };
  }

  override async start(): Promise<void> {
    this.#started ??= this.#start();
    return this.#started;
  }

  override async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #start(): Promise<void> {
    await this.#consumer.open();
    if (this.#stopped !== undefined) return;
    this.#consumer.start();
    this.#sweeper.start();
  }

  async #stop(): Promise<void> {
    const sweeping = this.#sweeper.stop();
    await this.#started?.catch(() => undefined);
    await this.#consumer.stop(this.#options.stopGraceMs);
    this.#over.abort();
    await sweeping;
  }

  /** The timer is stored: what fails here is made good by the sweep of any process. */
  async #arm(timer: StoredTimer, signal: AbortSignal | undefined): Promise<void> {
    try {
      await this.#schedules.arm(timer, signal);
    } catch (cause) {
      if (!(cause instanceof NatsError)) throw cause;
      throw new NatsError(
        `timer ${timer.id} is stored at ${timer.position}, but whether the server will deliver it is not known: ` +
          'processes that have started the timers look for such timers now and then; or schedule it again',
        { outcome: 'unknown', cause },
      );
    }
  }

  #passUnlessNats(error: unknown): void {
    if (!(error instanceof NatsError)) throw error;
  }

  #toConsumer(connection: JetStreamConnection): MessageConsumer {
    const { concurrency, logger } = this.#options;
    const due = new DueTimers({
      ...this.#options,
      log: this.#log,
      stream: this.#stream,
      schedules: this.#schedules,
      over: this.#over.signal,
    });
    const name = `${this.#stream.name}/${CONSUMER}`;
    return new MessageConsumer(connection, {
      stream: this.#stream.name,
      config: {
        name: CONSUMER,
        durable_name: CONSUMER,
        filter_subject: this.#stream.dueSubjects,
        ack_policy: 'explicit',
        deliver_policy: 'all',
        ack_wait: ACK_WAIT_NS,
      },
      bind: false,
      concurrency,
      // a timer that was scheduled again waits for its former call
      keyOf: ({ subject }) => subject,
      heartbeatMs: HEARTBEAT_MS.busy,
      idleHeartbeatMs: HEARTBEAT_MS.idle,
      maxMessages: Number.MAX_SAFE_INTEGER,
      handle: async (message) => due.handle(message),
      restoreStream: async () => this.#restore(),
      onProblem: (reason) => logger.warn(`consumer ${name} was interrupted: ${reason}; it is read again`),
      onNotice: (text) => logger.warn(`consumer ${name}: ${text}`),
    });
  }

  /** A new stream holds no schedules. */
  async #restore(): Promise<void> {
    this.#stream.doubt();
    await this.#stream.ensure(new Deadline(RESTORE_TIMEOUT_MS));
    this.#sweeper.runSoon();
  }
}
