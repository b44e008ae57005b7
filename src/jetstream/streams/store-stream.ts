import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { v4 as randomUuid } from 'uuid';
import { Deadline } from '../../kernel/deadline.js';
import type { NamedStreamConfig } from '../api/jetstream-api.js';
import { expectValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { createStream } from './create-stream.js';
import { findStream } from './find-stream.js';
import { StoreSettingsError } from './stream-errors.js';

const SET_UP_TIMEOUT_MS = 10_000;
const IDENTITY = 'jetsource.store';
const FORMAT = 'jetsource.format';
const FORMAT_NUMBER = '1';
const DUPLICATE_WINDOW_NS = 120_000_000_000;

/** Settings of the JetStream stream that the caller chooses when a store is created. */
export interface StoreStreamOptions {
  /** How many servers hold the log: 1, 3 or 5. @default 1 */
  readonly replicas?: number | undefined;
  /** `memory` loses the log with the server: for tests only. @default 'file' */
  readonly storage?: 'file' | 'memory' | undefined;
}

/** A JetStream stream that is fit to be a store. */
export interface StoreStream {
  /** UUID written at creation; it distinguishes two stores of one name. */
  readonly identity: string;
  /** Settings that differ from what was asked for without breaking anything, one line each. */
  readonly drift: readonly string[];
}

/** How the JetStream stream of a store is called, and what it captures. */
export interface StoreStreamName {
  readonly name: string;
  readonly subjects: string;
}

/** Settings on which the invariants rest, with the value each must have. */
const REQUIRED: Partial<Record<keyof StreamConfig, unknown>> = {
  retention: 'limits',
  discard: 'new',
  max_age: 0,
  max_msgs: -1,
  max_msgs_per_subject: -1,
  duplicate_window: DUPLICATE_WINDOW_NS,
  allow_direct: true,
  allow_atomic: true,
  allow_rollup_hdrs: false,
  allow_msg_ttl: false,
  allow_msg_schedules: false,
  deny_delete: false,
  sealed: false,
  no_ack: false,
  allow_msg_counter: false,
};

/**
 * Settings with which messages would stand elsewhere than they were published, or not come from publishers
 * alone.
 */
const FORBIDDEN: readonly (keyof StreamConfig)[] = [
  'subject_transform',
  'sources',
  'mirror',
  'subject_delete_marker_ttl',
];

/** Settings that jetsource makes, or checks by rules of their own. */
const JUDGED: ReadonlySet<string> = new Set([
  ...Object.keys(REQUIRED),
  ...FORBIDDEN,
  ...['name', 'subjects', 'storage', 'num_replicas', 'metadata', 'persist_mode', 'max_bytes', 'max_msg_size'],
]);

/** What the server fills in where nobody asked for anything. */
const UNSET: Readonly<Record<string, unknown>> = { compression: 'none', max_consumers: -1, first_seq: 1 };

/** What the server leaves out of its answer where it has this value. */
const ABSENT: Partial<Record<keyof StreamConfig, unknown>> = {
  max_age: 0,
  max_msgs: -1,
  max_msgs_per_subject: -1,
};

/**
 * Finds the store's JetStream stream, or creates it.
 *
 * @throws {@link StoreSettingsError} when an existing stream has settings that break an invariant; it is not
 * changed.
 */
export async function openStoreStream(
  connection: JetStreamConnection,
  { name, subjects }: StoreStreamName,
  options: StoreStreamOptions,
): Promise<StoreStream> {
  const deadline = new Deadline(SET_UP_TIMEOUT_MS);
  const { config } =
    (await findStream(connection, name, deadline)) ??
    (await create(connection, { name, subjects }, { ...options, deadline }));
  const faults = faultsOf(config, subjects, options);
  if (faults.length > 0) throw new StoreSettingsError({ store: name, faults });
  return { identity: config.metadata?.[IDENTITY] as string, drift: driftOf(config, options) };
}

/** Whether a stream is an event store's, by what its creation wrote into its metadata. */
export function isStoreStream(config: MetadataHolder): boolean {
  return identityOf(config) !== undefined;
}

interface MetadataHolder {
  readonly metadata?: Record<string, string> | undefined;
}

/** UUID of the store in a stream; undefined where there is none. */
export function identityOf({ metadata }: MetadataHolder): string | undefined {
  return metadata?.[IDENTITY];
}

async function create(
  connection: JetStreamConnection,
  { name, subjects }: StoreStreamName,
  { deadline, ...options }: StoreStreamOptions & { readonly deadline: Deadline },
): Promise<StreamInfo> {
  const config = {
    ...REQUIRED,
    name,
    subjects: [subjects],
    storage: options.storage ?? 'file',
    num_replicas: options.replicas ?? 1,
    metadata: { [IDENTITY]: randomUuid(), [FORMAT]: FORMAT_NUMBER },
  };
  const result = await createStream(connection, config as NamedStreamConfig, deadline);
  return expectValue(result, `creating store ${name}`).info;
}

function faultsOf(config: StreamConfig, subjects: string, options: StoreStreamOptions): string[] {
  const faults = Object.entries(REQUIRED).flatMap(([key, required]) => {
    const setting = key as keyof StreamConfig;
    const found: unknown =
      config[setting] ?? ABSENT[setting] ?? (typeof required === 'boolean' ? false : undefined);
    return found === required ? [] : [`${key} is ${String(found)} and must be ${String(required)}`];
  });
  // what a second subject captures is no commit, and every reader of the whole log stops at it
  if (config.subjects?.length !== 1 || config.subjects[0] !== subjects) {
    faults.push(`subjects are ${config.subjects?.join(', ') ?? 'none'} and must be ${subjects} alone`);
  }
  for (const setting of FORBIDDEN) {
    const found = config[setting];
    if (isSet(setting, found)) faults.push(`${setting} is ${JSON.stringify(found)} and must be absent`);
  }
  if (config.persist_mode === 'async') faults.push('persist_mode is async and must be default');
  if (config.metadata?.[IDENTITY] === undefined) {
    faults.push(`metadata has no ${IDENTITY}: the stream was not created by jetsource`);
  }
  const format = config.metadata?.[FORMAT];
  if (format !== undefined && format !== FORMAT_NUMBER) {
    faults.push(`metadata ${FORMAT} is ${format}: this version of jetsource reads format ${FORMAT_NUMBER}`);
  }
  const storage = options.storage ?? 'file';
  if (config.storage !== storage) faults.push(`storage is ${config.storage} and must be ${storage}`);
  return faults;
}

function driftOf(config: StreamConfig, options: StoreStreamOptions): string[] {
  const drift: string[] = [];
  if (options.replicas !== undefined && config.num_replicas !== options.replicas) {
    drift.push(`num_replicas is ${config.num_replicas}, asked for ${options.replicas}`);
  }
  if (config.max_bytes !== undefined && config.max_bytes >= 0) {
    drift.push(`max_bytes is ${config.max_bytes}: appends fail once the log is that large`);
  }
  if (config.max_msg_size !== undefined && config.max_msg_size >= 0) {
    drift.push(`max_msg_size is ${config.max_msg_size}: larger commits are refused`);
  }
  return [...drift, ...unknownSettings(config)];
}

/**
 * Settings that jetsource does not make, such as a placement: somebody else did, and nothing promised rests
 * on them.
 */
function unknownSettings(config: StreamConfig): string[] {
  const settings = Object.entries(config)
    .filter(([setting, value]) => !JUDGED.has(setting) && isSet(setting, value))
    .map(([setting, value]) => `${setting} is ${JSON.stringify(value)}: not set by jetsource`);
  const keys = Object.keys(config.metadata ?? {}).filter(
    // the server writes its own version there
    (key) => key !== IDENTITY && key !== FORMAT && !key.startsWith('_nats.'),
  );
  return [...settings, ...keys.map((key) => `metadata has ${key}: not set by jetsource`)];
}

/** Whether a setting has another value than a stream has that nobody has set it for. */
function isSet(setting: string, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value) && value !== UNSET[setting];
  return Object.values(value).some((member) => isSet('', member));
}
