import type { StreamName } from '../event/stream-name.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkKnownOptions } from '../kernel/options.js';
import type { CacheOptions } from './load/aggregate-cache.js';
import type { CommandMiddleware } from './command/command-middleware.js';
import type { SnapshotCodec } from './model/aggregate-model.js';
import type { UnhandledEvents } from './model/event-handlers.js';
import type { SnapshotOptions } from './snapshot/snapshot-policy.js';
import type { RetryOptions } from './write/retry-options.js';

/** Options of every repository, of a class or of a decider. */
export interface RepositoryOptions extends RetryOptions {
  /**
   * Category of the streams: the aggregate with id `42` is stream `category/42`.
   *
   * @default that of {@link EventSourced}
   */
  readonly category?: string | undefined;
  /**
   * Tells the stream of an aggregate by its id, in place of `category`. Two ids must not share a stream.
   *
   * @default `category/id`
   */
  readonly streamName?: ((id: string) => StreamName) | undefined;
  /** Folded aggregates to keep in this process; `false` keeps none. @default `{ max: 1_000 }` */
  readonly cache?: CacheOptions | false | undefined;
  /** Where and when to keep snapshots. @default no snapshots */
  readonly snapshots?: SnapshotOptions | undefined;
  /** Called round every command and every decision; the first is outermost. @default none */
  readonly middleware?: readonly CommandMiddleware[] | undefined;
  /** Told of snapshots that could not be used or written. @default `process.emitWarning` */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** Options of a repository of an aggregate class. */
export interface ClassRepositoryOptions extends RepositoryOptions {
  /** What to do about an event that an `AggregateRoot` has no `on…` method for. @default 'ignore' */
  readonly unhandledEvents?: UnhandledEvents | undefined;
}

/**
 * Options of a repository of a decider. One of `category` and `streamName` is required: a decider does not
 * have one.
 */
export type DeciderRepositoryOptions<State> = Omit<RepositoryOptions, 'category' | 'streamName'> & {
  /** How the state becomes JSON and back, for snapshots. @default the state is JSON already */
  readonly snapshotCodec?: SnapshotCodec<State> | undefined;
} & (
    | { readonly category: string; readonly streamName?: undefined }
    | { readonly streamName: (id: string) => StreamName; readonly category?: undefined }
  );

const OPTIONS = [
  'category',
  'streamName',
  'cache',
  'snapshots',
  'middleware',
  'onWarning',
  'retries',
  'retryWhen',
];
const OWN_OPTIONS = { class: 'unhandledEvents', decider: 'snapshotCodec' };

/**
 * The checks that need no store. Numbers are checked where they are used.
 *
 * @throws {@link InvalidOptionError} when an option does not exist or cannot work.
 */
export function checkRepositoryOptions(options: unknown, kind: 'class' | 'decider'): void {
  const known = [...OPTIONS, OWN_OPTIONS[kind]];
  if (!isObject(options)) {
    const allowed = `an object with some of ${known.join(', ')}`;
    throw new InvalidOptionError({ option: 'options', given: options, allowed });
  }
  checkKnownOptions(options, known);
  for (const option of ['retryWhen', 'onWarning']) checkOptional(options, option, IS_FUNCTION);
  checkOptional(options, 'cache', [(given) => given === false || isObject(given), '{ max } or false']);
  checkOptional(options, 'unhandledEvents', [
    (given) => given === 'ignore' || given === 'fail',
    "'ignore' or 'fail'",
  ]);
  checkMethods(options, 'snapshotCodec', ['toSnapshot', 'fromSnapshot']);
  checkOptional(options, 'snapshots', [isObject, '{ store, … }']);
  if (isObject(options['snapshots'])) checkSnapshotStore(options['snapshots']);
  checkMiddleware(options['middleware']);
}

type Values = Readonly<Record<string, unknown>>;

/** Whether a value can work, and the text of the error if it cannot. */
type Check = readonly [works: (given: unknown) => boolean, allowed: string];

const IS_FUNCTION: Check = [(given) => typeof given === 'function', 'a function'];

function checkOptional(options: Values, option: string, [works, allowed]: Check): void {
  const given = options[option];
  if (given === undefined || works(given)) return;
  throw new InvalidOptionError({ option, given, allowed });
}

function checkMethods(options: Values, option: string, methods: readonly string[]): void {
  const hasAll = (given: unknown): boolean =>
    isObject(given) && methods.every((method) => typeof given[method] === 'function');
  checkOptional(options, option, [hasAll, `an object with the methods ${methods.join(', ')}`]);
}

function checkSnapshotStore({ store }: Values): void {
  // it has no default: an absent one is refused as well
  checkMethods({ 'snapshots.store': store ?? null }, 'snapshots.store', ['load', 'save', 'delete']);
}

function checkMiddleware(middleware: unknown): void {
  checkOptional({ middleware }, 'middleware', [Array.isArray, 'a list of { command, decision }']);
  for (const [index, layer] of ((middleware ?? []) as unknown[]).entries()) {
    const option = `middleware[${index}]`;
    checkOptional({ [option]: layer ?? null }, option, [isObject, '{ command, decision }']);
    // an instance of a class may have fields of its own
    if (Object.getPrototypeOf(layer) === Object.prototype)
      checkKnownOptions(layer as object, ['command', 'decision'], `${option}.`);
    for (const part of ['command', 'decision']) checkOptional(layer as Values, part, IS_FUNCTION);
  }
}

function isObject(given: unknown): given is Values {
  return typeof given === 'object' && given !== null;
}
