import { defineReactor, type ReactorDefinition } from '../../src/index.js';
import { Counted } from '../support/order-events.js';

/** What an instance of the service is told. */
export interface NoterSettings {
  /** URL of the nats-server. */
  readonly servers: string;
  /** Name of the store. */
  readonly name: string;
  /** Where it notes its calls. */
  readonly file: string;
  readonly seed: number;
  /** The share of calls that fail. */
  readonly failures: number;
}

/** A reactor of the fault run. */
export interface Noter {
  readonly name: string;
  readonly lanes: number;
}

export const NOTERS: readonly Noter[] = [
  { name: 'one', lanes: 1 },
  { name: 'two', lanes: 2 },
  { name: 'four', lanes: 4 },
];
/** An attempt that takes longer has failed. */
export const TIMEOUT_MS = 1_500;
const POISON_EVERY = 499;

/** Whether every attempt at the event fails, until it is redriven. */
export function isPoison(n: number): boolean {
  return n % POISON_EVERY === 0;
}

export function noter({ name, lanes }: Noter, handle: ReactorDefinition['handle']): ReactorDefinition {
  return defineReactor({
    name,
    lanes,
    events: [Counted],
    from: 'beginning',
    maxAttempts: 3,
    backoffMs: [20, 100],
    timeoutMs: TIMEOUT_MS,
    handle,
  });
}
