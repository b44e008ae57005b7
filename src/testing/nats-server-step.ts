import type { NatsServerSource } from './nats-server-source.js';

/** What a step may look at; replaced by tests. */
export interface StepContext {
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** As `process.arch`. */
  readonly arch: string;
  /** Ends a search that nobody waits for any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Why a step found nothing. */
export interface StepRefusal {
  /** One line. */
  readonly reason: string;
  /**
   * For what somebody named: `tell` has the refusal logged in any case, `stop` ends the search, so that nobody works on
   * another server than the named one.
   */
  readonly named?: 'tell' | 'stop';
}

/** A step found a server, or says why the next one has to try. */
export type StepResult<S extends NatsServerSource> = { readonly found: S } | StepRefusal;

/** One way to come by a nats-server. */
export interface NatsServerStep<S extends NatsServerSource = NatsServerSource> {
  /** What is tried, for the log. */
  readonly name: string;
  /** Whether it leaves the machine or takes seconds. */
  readonly slow: boolean;
  /** May throw: then the error's message is the reason. */
  run(context: StepContext): Promise<StepResult<S>>;
}
