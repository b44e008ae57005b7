import type { Type } from '@nestjs/common';
import type { CqrsModuleOptions } from '@nestjs/cqrs';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../../kernel/options.js';
import type { ReactionOptions } from '../../reaction/reactor/reactor-definition.js';
import type { JetsourceModuleOptions } from '../jetsource-module-options.js';

/** Options of `CqrsModule` that stay as they are. */
type PassedOptions = {
  readonly [
    Option in 'commandPublisher' | 'queryPublisher' | 'unhandledExceptionPublisher' | 'rethrowUnhandled'
  ]?: CqrsModuleOptions[Option] | undefined;
};

/** Options of the durable bus itself. */
export interface BusOptions {
  /**
   * Names the service: its instances share the work of its handlers. @default the store's name
   */
  readonly service?: string | undefined;
  /**
   * Stable names of handlers by their class, and of sagas by class and property, where no decorator gives them:
   * `{ KillDragonHandler: 'kill-dragon', 'HeroesSagas.dragonKilled': 'dragon-killed' }`.
   *
   * @default a handler needs a name; a saga has that of its property
   */
  readonly names?: Readonly<Record<string, string>> | undefined;
  /** How all handlers are attempted, unless their own {@link Reactor} says otherwise. */
  readonly reactions?: ReactionOptions | undefined;
  /**
   * Stable names of command classes, under which sagas, timers and process managers store commands.
   *
   * @default the name of each class that has a handler
   */
  readonly commands?: Readonly<Record<string, Type<object>>> | undefined;
  /**
   * Whether the service has timers: {@link CommandTimers}, process managers that schedule, and handlers that sleep for
   * long. Needs nats-server 2.14 or later. @default false
   */
  readonly timers?: boolean | undefined;
}

/** {@link BusOptions} of a service that has a name. */
export type ServiceOptions = BusOptions & { readonly service: string };

/**
 * Options of `JetsourceCqrsModule`: those of `JetsourceModule`, of `CqrsModule`, and of the bus. Without those of
 * `JetsourceModule` the bus stands on the store that a `JetsourceModule` of the application provides.
 */
export type JetsourceCqrsOptions = BusOptions & PassedOptions & Partial<JetsourceModuleOptions>;

/** {@link JetsourceCqrsOptions}, sorted by who takes them. */
export interface ResolvedCqrsOptions {
  readonly bus: BusOptions;
  readonly cqrs: PassedOptions;
  readonly store: JetsourceModuleOptions;
}

const REACTIONS = ['maxAttempts', 'backoffMs', 'timeoutMs', 'concurrency', 'lanes', 'from'];

/** @throws {@link InvalidOptionError} for options that the bus cannot have. */
export function resolveCqrsOptions(
  given: JetsourceCqrsOptions,
  { hasOwnStore }: { readonly hasOwnStore: boolean },
): ResolvedCqrsOptions {
  const { service, names, reactions, commands, timers = false, ...others } = given;
  const { commandPublisher, queryPublisher, unhandledExceptionPublisher, rethrowUnhandled, ...store } =
    others;
  refuse(store, 'eventPublisher', 'absent: events are stored; subscribe to the EventBus to see them');
  refuse(store, 'eventIdProvider', 'absent: @Event names event types');
  checkBus({ service, names, reactions, commands, timers });
  const [option] = Object.keys(store);
  if (!hasOwnStore && option !== undefined) {
    const allowed = 'given with name and servers, or to JetsourceModule.forRoot of the application';
    throw new InvalidOptionError({ option, given: (store as Record<string, unknown>)[option], allowed });
  }
  return {
    bus: { service, names, reactions, commands, timers },
    cqrs: { commandPublisher, queryPublisher, unhandledExceptionPublisher, rethrowUnhandled },
    store: store as JetsourceModuleOptions,
  };
}

function checkBus({ service, names, reactions, commands, timers }: BusOptions): void {
  if (service !== undefined && !isText(service))
    throw new InvalidOptionError({ option: 'service', given: service, allowed: 'a text that is not empty' });
  if (typeof timers !== 'boolean')
    throw new InvalidOptionError({ option: 'timers', given: timers, allowed: 'true or false' });
  checkRecord('names', names, { item: 'a text', isItem: isText });
  checkRecord('commands', commands, { item: 'a class', isItem: (item) => typeof item === 'function' });
  checkRecord('reactions', reactions, { item: 'an option', isItem: () => true });
  if (reactions !== undefined) checkKnownOptions(reactions, REACTIONS, 'reactions.');
}

function isText(given: unknown): boolean {
  return typeof given === 'string' && given !== '';
}

function checkRecord(
  option: string,
  given: object | undefined,
  { item, isItem }: { readonly item: string; readonly isItem: (item: unknown) => boolean },
): void {
  if (given === undefined) return;
  if (typeof given === 'object' && given !== null && Object.values(given).every(isItem)) return;
  throw new InvalidOptionError({ option, given, allowed: `an object with ${item} under each key` });
}

function refuse(options: object, option: string, allowed: string): void {
  const given = (options as Record<string, unknown>)[option];
  if (given !== undefined) throw new InvalidOptionError({ option, given, allowed });
}
