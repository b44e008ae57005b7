import type { NatsServerSource } from './nats-server-source.js';

/** The environment that a step searches. Tests replace it. */
export interface StepContext {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** As `process.arch`. */
  readonly arch: string;
  /** Aborts the search. */
  readonly signal?: AbortSignal | undefined;
}

/** Why a step found nothing. */
export interface StepRefusal {
  /** The reason, one line. */
  readonly reason: string;
  /**
   * For a server or program that the user named. `log` always logs the refusal. `stop` ends the search, so
   * that no other server than the named one is used.
   */
  readonly named?: 'log' | 'stop';
}

/** The server that a step found, or the reason why it found none. */
export type StepResult<S extends NatsServerSource> = { readonly found: S } | StepRefusal;

/** One step of the search for a nats-server. */
export interface NatsServerStep<S extends NatsServerSource = NatsServerSource> {
  /** Name of the step, for the log. */
  readonly name: string;
  /** Whether the step uses the network or takes seconds. */
  readonly slow: boolean;
  /** Runs the step. If it throws, the error's message is the reason. */
  run(context: StepContext): Promise<StepResult<S>>;
}
