import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import type { Position } from '../../src/event/position.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { defineReactor } from '../../src/reaction/reactor/define-reactor.js';
import type { ReactorDefinition, ReactionContext } from '../../src/reaction/reactor/reactor-definition.js';
import { Reactors } from '../../src/reaction/reactor/reactors.js';
import type { ReactorsOptions } from '../../src/reaction/reactor/reactors-options.js';

/** A call of a handler. */
export interface Call {
  readonly event: RecordedEvent;
  readonly context: Pick<ReactionContext, 'reactor' | 'attempt' | 'isRedriven'>;
}

/** A reactor of a test, with the calls of its handler. */
export interface Recorded {
  readonly definition: ReactorDefinition;
  readonly calls: Call[];
  /** `<stream id>:<version>` of the events that were handled without an error, in that order. */
  readonly handled: string[];
}

const running: Reactors[] = [];

/** A reactor that notes what it is called with, and does `handle`. */
export function recorded(
  options: Partial<ReactorDefinition> = {},
  handle: ReactorDefinition['handle'] = () => undefined,
): Recorded {
  const calls: Call[] = [];
  const handled: string[] = [];
  const definition = defineReactor({
    name: 'recorder',
    backoffMs: [20],
    ...options,
    handle: async (event, context) => {
      const { reactor, attempt, isRedriven } = context;
      calls.push({ event, context: { reactor, attempt, isRedriven } });
      await handle(event, context);
      handled.push(keyOf(event));
    },
  });
  return { definition, calls, handled };
}

export function keyOf({ stream, version }: RecordedEvent): string {
  return `${stream.id}:${version}`;
}

/** Appends events. @returns the position of the last one. */
export async function appended(
  store: JetStreamEventStore,
  ...args: Parameters<JetStreamEventStore['append']>
): Promise<Position> {
  const { position } = await store.append(...args);
  if (position === undefined) throw new TypeError('nothing was appended');
  return position;
}

export const QUIET = { warn: () => undefined, error: () => undefined };

/** Reactors that have started; they are stopped by {@link stopReactors}. */
export async function startReactors(
  store: JetStreamEventStore,
  definitions: readonly ReactorDefinition[],
  options: Partial<ReactorsOptions> = {},
): Promise<Reactors> {
  const reactors = new Reactors(store, definitions, { service: store.name, logger: QUIET, ...options });
  running.push(reactors);
  await reactors.start();
  return reactors;
}

/** Stops all of them, before their stores are closed. */
export async function stopReactors(): Promise<void> {
  await Promise.all(running.splice(0).map(async (reactors) => reactors.stop()));
}
