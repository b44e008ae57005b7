import type { JetStreamAccountStats } from '@nats-io/jetstream';
import { Deadline } from '../../kernel/deadline.js';
import { NatsError } from '../connection/connection-errors.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import type { WantedStream } from './ensure-streams.js';
import { findStream } from './find-stream.js';
import { JetStreamSettingsError } from './stream-errors.js';

/** Where the user may not ask, or nobody answers, the server's own refusals have to do. */
const LOOK_MS = 2_000;
/** From this share of the account's limit on, its storage is nearly full. */
const NEARLY_FULL = 0.9;

/** Storage of one kind, as an account has it; in bytes. */
interface Storage {
  readonly kind: 'file' | 'memory';
  /** Negative for no limit of the account. */
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
}

/**
 * Looks whether an account has the storage that streams reserve by `max_bytes`, before any of them is
 * created, and warns where it is nearly full. Accounts with tiers, and without limits, are not looked at.
 *
 * @throws {@link JetStreamSettingsError} when they reserve more than the account has left.
 */
export async function checkStorage(
  connection: JetStreamConnection,
  streams: readonly WantedStream[],
  warn: (warning: string) => void,
): Promise<void> {
  const account = streams.length === 0 ? undefined : await accountOf(connection);
  if (account === undefined) return;
  for (const storage of storagesOf(account)) {
    if (storage.limit <= 0) continue;
    warnWhenNearlyFull(storage, warn);
    const ofKind = streams.filter((stream) => (stream.storage ?? 'file') === storage.kind);
    await requireRoom(connection, ofKind, storage);
  }
}

async function accountOf({ api }: JetStreamConnection): Promise<JetStreamAccountStats | undefined> {
  try {
    const info = await api.accountInfo(new Deadline(LOOK_MS));
    return info.ok && info.value.tiers === undefined ? info.value : undefined;
  } catch (error) {
    if (error instanceof NatsError) return undefined;
    throw error;
  }
}

function storagesOf(account: JetStreamAccountStats): readonly Storage[] {
  const {
    limits,
    storage,
    memory,
    reserved_storage: reservedFile,
    reserved_memory: reservedMemory,
  } = account;
  return [
    { kind: 'file', limit: limits.max_storage, used: storage, reserved: reservedFile },
    { kind: 'memory', limit: limits.max_memory, used: memory, reserved: reservedMemory },
  ];
}

function warnWhenNearlyFull({ kind, limit, used }: Storage, warn: (warning: string) => void): void {
  if (used < limit * NEARLY_FULL) return;
  warn(
    `the account has ${megabytes(used)} of its ${megabytes(limit)} of ${kind} storage in use; when it is full, events are refused`,
  );
}

async function requireRoom(
  connection: JetStreamConnection,
  streams: readonly WantedStream[],
  { kind, limit, used, reserved }: Storage,
): Promise<void> {
  let needed = 0;
  for (const stream of streams) needed += await growthOf(connection, stream);
  const left = Math.max(0, limit - Math.max(used, reserved));
  if (needed <= left) return;
  throw new JetStreamSettingsError({
    stream: streams.map(({ name }) => name).join(', '),
    reason:
      `max_bytes asks for ${megabytes(needed)} of ${kind} storage more, over all replicas, and the account has ${megabytes(left)} left ` +
      `of its ${megabytes(limit)}; lower max_bytes, or raise the limit of the account. Nothing was created`,
  });
}

/** What a stream reserves beyond what it has reserved already. */
async function growthOf(connection: JetStreamConnection, wanted: WantedStream): Promise<number> {
  const { name, max_bytes: asked = 0, replicas, num_replicas: copies = replicas } = wanted;
  if (asked <= 0) return 0;
  const existing = (await findStream(connection, name, new Deadline(LOOK_MS)))?.config;
  const reserved = Math.max(0, existing?.max_bytes ?? 0) * (existing?.num_replicas ?? 1);
  return Math.max(0, asked * (copies ?? existing?.num_replicas ?? 1) - reserved);
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 100_000) / 10} MB`;
}
