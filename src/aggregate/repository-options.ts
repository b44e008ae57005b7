import type { StreamName } from '../event/stream-name.js';
import type { CacheOptions } from './load/aggregate-cache.js';
import type { CommandMiddleware } from './command/command-middleware.js';
import type { UnhandledEvents } from './model/event-handlers.js';
import type { SnapshotCodec } from './model/aggregate-model.js';
import type { SnapshotOptions } from './snapshot/snapshot-policy.js';
import type { RetryOptions } from './command/update-options.js';

/** What repositories of aggregate classes and of deciders have in common. */
export interface RepositoryOptions extends RetryOptions {
  /** The category of the streams. @default that of {@link EventSourced}, for a class */
  readonly category?: string | undefined;
  /** The stream of an aggregate, in place of `category/id`. One aggregate, one stream: two ids must not share one. */
  readonly streamName?: ((id: string) => StreamName) | undefined;
  /** Folded aggregates that are kept in this process, or `false` for none. @default 1,000 of them */
  readonly cache?: CacheOptions | false | undefined;
  /** @default none */
  readonly snapshots?: SnapshotOptions | undefined;
  /** Stands round every command; the first is outermost. @default none */
  readonly middleware?: readonly CommandMiddleware[] | undefined;
  /** Told of snapshots that could not be used or written. @default `process.emitWarning` */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

export interface ClassRepositoryOptions extends RepositoryOptions {
  /** What to do about an event that an `AggregateRoot` has no `on…` method for. @default 'ignore' */
  readonly unhandledEvents?: UnhandledEvents | undefined;
}

/** A decider does not say where its streams are: one of `category` and `streamName` has to. */
export type DeciderRepositoryOptions<State> = Omit<RepositoryOptions, 'category' | 'streamName'> & {
  /** How the state becomes JSON and back, for snapshots. @default it is JSON */
  readonly snapshotCodec?: SnapshotCodec<State> | undefined;
} & (
    | { readonly category: string; readonly streamName?: undefined }
    | { readonly streamName: (id: string) => StreamName; readonly category?: undefined }
  );

export const REPOSITORY_OPTIONS = [
  'category',
  'streamName',
  'cache',
  'snapshots',
  'middleware',
  'onWarning',
  'retries',
  'retryWhen',
];
