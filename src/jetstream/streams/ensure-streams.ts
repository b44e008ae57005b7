import { JetStreamSettingsError } from './stream-errors.js';
import type { StreamConfig, StreamInfo } from '@nats-io/jetstream';
import { Backoff } from '../../kernel/backoff.js';
import { Deadline } from '../../kernel/deadline.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { UnsupportedByServerError } from '../connection/connection-errors.js';
import { sleep } from '../../kernel/sleep.js';

import { assetName } from './asset-name.js';
import { ApiCode, type ApiFault } from '../api-codes.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';
import { scheduleSubjects } from './schedule-subject.js';
import { differences } from './settings-diff.js';
import { isStoreStream } from './store-stream.js';
import { withoutCovered } from './subject-pattern.js';

const SET_UP_TIMEOUT_MS = 10_000;
/** Which subjects a service asked for stands in the stream's metadata, so that it can give up its own and nobody else's. */
const OWNED_SUBJECTS = 'jetsource.subjects/';
/** Since when servers know the younger settings. */
const FLOORS: Partial<Record<keyof StreamConfig, string>> = {
  allow_msg_ttl: '2.11',
  subject_delete_marker_ttl: '2.11',
  allow_atomic: '2.12',
  allow_msg_counter: '2.12',
  allow_msg_schedules: '2.12',
  persist_mode: '2.12',
};
/** Services that start at the same time may write over each other: they look again and repeat. */
const TRIES = 5;
const LOOK_AGAIN_MS = 100;

/** A stream as a service wants it: a stream's configuration, with two names more. */
export interface WantedStream extends Partial<StreamConfig> {
  readonly name: string;
  readonly replicas?: number;
  readonly allow_rollup?: boolean;
}

type Wanted = Partial<StreamConfig> & { readonly name: string };

/**
 * Creates the streams that are missing and updates those that differ. Subjects of other services stay; those that `owner` has asked for before and
 * does not any more are removed.
 *
 * @param owner The service, by the name that all its instances share.
 * @throws {@link InvalidOptionError} when an option is given under two names.
 * @throws {@link JetStreamSettingsError} when the server refuses, or the stream is an event store's.
 * @throws {@link UnsupportedByServerError} when the server does not know a setting.
 */
export async function ensureStreams(
  connection: JetStreamConnection,
  streams: readonly WantedStream[],
  owner: string,
): Promise<void> {
  for (const stream of streams) await ensureStream(connection, toWanted(stream), owner);
}

/** The stream's settings and state; undefined when it does not exist. */
export async function findStream(
  connection: JetStreamConnection,
  name: string,
  deadline: Deadline,
): Promise<StreamInfo | undefined> {
  const answer = await connection.api<StreamInfo>(`STREAM.INFO.${name}`, undefined, deadline);
  if (!isFault(answer)) return answer;
  if (answer.error.err_code === ApiCode.streamNotFound) return undefined;
  throw unexpectedFault(`reading the settings of stream ${name}`, answer.error);
}

function toWanted({ replicas, allow_rollup: allowRollup, ...config }: WantedStream): Wanted {
  refuseAlias('replicas', replicas, 'num_replicas', config.num_replicas);
  refuseAlias('allow_rollup', allowRollup, 'allow_rollup_hdrs', config.allow_rollup_hdrs);
  const { subjects } = config;
  const name = assetName('streamConfig.name', config.name);
  const isScheduling = config.allow_msg_schedules === true && subjects !== undefined;
  return {
    ...config,
    // where the client puts what is to be delivered later
    ...(isScheduling && { subjects: [...subjects, scheduleSubjects(name)] }),
    ...(replicas !== undefined && { num_replicas: replicas }),
    ...(allowRollup !== undefined && { allow_rollup_hdrs: allowRollup }),
  };
}

function refuseAlias(alias: string, given: unknown, name: string, other: unknown): void {
  if (given === undefined || other === undefined) return;
  throw new InvalidOptionError({
    option: `streamConfig.${alias}`,
    given,
    allowed: `absent when ${name} is given`,
  });
}

async function ensureStream(connection: JetStreamConnection, wanted: Wanted, owner: string): Promise<void> {
  const deadline = new Deadline(SET_UP_TIMEOUT_MS);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const found = await findStream(connection, wanted.name, deadline);
    if (found === undefined) {
      if (await create(connection, wanted, owner, deadline)) return;
      await untilVisible(connection, wanted.name, deadline);
      continue;
    }
    if (isStoreStream(found.config)) throw ofEventStore(wanted.name);
    const target = merged(found.config, wanted, owner);
    if (differences<StreamConfig>(found.config, target).length === 0) return;
    await update(connection, target, deadline);
    await sleep(LOOK_AGAIN_MS);
  }
}

/** @returns false when another service was first. */
async function create(
  connection: JetStreamConnection,
  wanted: Wanted,
  owner: string,
  deadline: Deadline,
): Promise<boolean> {
  const config = merged({ name: wanted.name }, wanted, owner);
  const answer = await connection.api<StreamInfo>(`STREAM.CREATE.${wanted.name}`, config, deadline);
  if (isFault(answer)) {
    if (answer.error.err_code === ApiCode.streamNameInUse) return false;
    throw refused(wanted.name, answer.error, 'mend streamConfig');
  }
  requireEcho(connection, wanted, answer.config);
  return true;
}

/** A cluster refuses the name before it knows the stream. */
async function untilVisible(
  connection: JetStreamConnection,
  name: string,
  deadline: Deadline,
): Promise<void> {
  const backoff = new Backoff(20, 500);
  while (!deadline.passed && (await findStream(connection, name, deadline)) === undefined) {
    await sleep(backoff.next());
  }
}

async function update(connection: JetStreamConnection, target: Wanted, deadline: Deadline): Promise<void> {
  const answer = await connection.api<StreamInfo>(`STREAM.UPDATE.${target.name}`, target, deadline);
  if (!isFault(answer)) return requireEcho(connection, target, answer.config);
  throw refused(
    target.name,
    answer.error,
    'take that setting out of streamConfig, or make a new stream and move the messages',
  );
}

function refused(stream: string, fault: ApiFault, advice: string): JetStreamSettingsError {
  const { description = 'unknown error', err_code: code = fault.code } = fault;
  return new JetStreamSettingsError({
    stream,
    reason: `the server refuses: ${description} (${code}); ${advice}`,
  });
}

function ofEventStore(stream: string): JetStreamSettingsError {
  return new JetStreamSettingsError({
    stream,
    reason: 'it holds an event store, whose settings are its own; take it out of streamConfig',
  });
}

/** What is to be sent: the settings that are there, those asked for, and the subjects of all services. */
function merged(existing: Wanted, wanted: Wanted, owner: string): Wanted {
  const metadata = { ...existing.metadata, ...wanted.metadata };
  if (wanted.subjects === undefined) return { ...existing, ...wanted, metadata };
  const key = OWNED_SUBJECTS + owner;
  const given = { ...metadata, [key]: wanted.subjects.join(' ') };
  const before = existing.metadata?.[key]?.split(' ') ?? [];
  const ofOthers = (existing.subjects ?? []).filter((subject) => !before.includes(subject));
  const asked = Object.entries(given).flatMap(([name, subjects]) =>
    name.startsWith(OWNED_SUBJECTS) ? subjects.split(' ') : [],
  );
  return { ...existing, ...wanted, subjects: withoutCovered([...ofOthers, ...asked]), metadata: given };
}

/** A server that does not know a setting drops it silently, so only its echo proves it. */
function requireEcho(connection: JetStreamConnection, wanted: Wanted, echo: Partial<StreamConfig>): void {
  const [dropped] = differences<StreamConfig>(echo, wanted).filter(
    (key) => echo[key as keyof StreamConfig] === undefined,
  );
  if (dropped === undefined) return;
  throw new UnsupportedByServerError({
    capability: `${dropped} of stream ${wanted.name}`,
    floor: FLOORS[dropped as keyof StreamConfig] ?? 'of a later version',
    found: `nats-server ${connection.serverVersion}`,
  });
}
