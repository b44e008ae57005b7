import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { ApiCode, FORBIDDEN } from '../api/api-codes.js';
import { type ApiFault, describeFault } from '../api/api-fault.js';
import type { ConsumerRef } from '../api/api-subjects.js';
import type { NamedConsumerConfig } from '../api/jetstream-api.js';
import { findValue, unexpectedFault } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { differences } from '../streams/settings-diff.js';
import { ConsumerSettingsError } from './consumer-errors.js';
import { identityOf } from './consumer-identity.js';

/** Where a consumer begins counts when it is made; a server refuses to change it. */
const START: readonly (keyof ConsumerConfig)[] = ['deliver_policy', 'opt_start_seq', 'opt_start_time'];
/** Another instance may make the same consumer at the same time. */
const TRIES = 5;
/**
 * What a pull consumer may have pending where nothing else is asked for. Messages in back-off, and those of
 * keys that wait, are pending as well: the server's default would let a thousand of them stop all others.
 * What a process holds is limited by its pulls.
 */
const ROOM = 50_000;
/** The server's default of `max_ack_pending`. */
const SERVER_ROOM = 1_000;
/** Another instance has created or deleted the consumer since it was looked for. */
const RACES: ReadonlySet<number | undefined> = new Set([
  ApiCode.consumerExists,
  ApiCode.consumerNotFound,
  ApiCode.consumerDoesNotExist,
]);

/** A consumer as it is wanted. */
export interface WantedConsumer {
  readonly stream: string;
  readonly config: NamedConsumerConfig;
}

/**
 * Creates the consumer, or updates the settings of an existing one. An existing one keeps its progress: its
 * start only counts when it is created.
 *
 * @returns its settings and state as the server has them.
 * @throws {@link ConsumerSettingsError} when the server refuses, or it is another service's; the consumer is
 *   left as it is.
 * @throws {@link NatsError} when the user may not.
 */
export async function ensureConsumer(
  connection: JetStreamConnection,
  { stream, config: wanted }: WantedConsumer,
  deadline: Deadline,
): Promise<ConsumerInfo> {
  let hasRoom = true;
  let refusal: ApiFault | undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const existing = await findConsumer(connection, { stream, consumer: wanted.name }, deadline);
    if (existing !== undefined) refuseOther(stream, wanted, existing.config);
    const asked = hasRoom ? withRoom(wanted, existing?.config) : wanted;
    const config = existing === undefined ? asked : merged(existing.config, asked);
    if (existing !== undefined && differences(existing.config, config).length === 0) return existing;
    const action = existing === undefined ? 'create' : 'update';
    const result = await connection.api.putConsumer(stream, { config, action }, deadline);
    if (result.ok) return result.value;
    refusal = result.fault;
    if (refusal.code === FORBIDDEN)
      throw unexpectedFault(`making consumer ${wanted.name} of stream ${stream}`, refusal);
    const isTooMuch = refusal.err_code === ApiCode.maxAckPendingExceeded && asked !== wanted;
    if (isTooMuch) hasRoom = false;
    else if (!RACES.has(refusal.err_code))
      throw refused({ stream, config: wanted }, refusal, existing?.config);
  }
  throw refused({ stream, config: wanted }, refusal as ApiFault, undefined);
}

/** Settings and state of a consumer; undefined when there is none of that name. */
export async function findConsumer(
  { api }: JetStreamConnection,
  { stream, consumer }: ConsumerRef,
  deadline: Deadline,
): Promise<ConsumerInfo | undefined> {
  const info = await api.consumerInfo({ stream, consumer }, deadline);
  const doing = `reading the settings of consumer ${consumer} of stream ${stream}`;
  return findValue(info, ApiCode.consumerNotFound, doing);
}

/** One that says that it is for another pattern of another service would deliver nothing to that any more. */
function refuseOther(stream: string, wanted: NamedConsumerConfig, existing: ConsumerConfig): void {
  const [own, other] = [identityOf(wanted), identityOf(existing)];
  if (own === undefined || other === undefined) return;
  if (own.service === other.service || own.pattern === other.pattern) return;
  const reason = `it is that of ${other.pattern} in ${other.service ?? 'a service without a name'}, and was left as it is: give the handler of ${own.pattern} a durable of another name`;
  throw new ConsumerSettingsError({ stream, consumer: wanted.name, reason });
}

/** A number that an operator has set stays. */
function withRoom(wanted: NamedConsumerConfig, existing: ConsumerConfig | undefined): NamedConsumerConfig {
  const isPull = wanted.deliver_subject === undefined && wanted.ack_policy === 'explicit';
  const isOpen = wanted.max_ack_pending === undefined;
  const isDefault = existing === undefined || existing.max_ack_pending === SERVER_ROOM;
  return isPull && isOpen && isDefault ? { ...wanted, max_ack_pending: ROOM } : wanted;
}

function merged(existing: ConsumerConfig, wanted: NamedConsumerConfig): NamedConsumerConfig {
  const start = Object.fromEntries(START.map((key) => [key, existing[key]]));
  // the server's own and other programs' entries stay
  const metadata = { ...existing.metadata, ...wanted.metadata };
  return { ...existing, ...wanted, metadata, ...start };
}

function refused(
  { stream, config }: WantedConsumer,
  fault: ApiFault,
  existing: ConsumerConfig | undefined,
): ConsumerSettingsError {
  const { name } = config;
  const drift = existing === undefined ? [] : differences(existing, merged(existing, config));
  const changes = drift.length === 0 ? '' : ` when ${drift.join(', ')} is to be changed`;
  const advice =
    existing === undefined
      ? 'correct the options of the consumer'
      : `take the change back, or delete the consumer (nats consumer rm ${stream} ${name}): a new one begins where its options say`;
  const reason = `the server refuses${changes}: ${describeFault(fault)}; ${advice}`;
  return new ConsumerSettingsError({ stream, consumer: name, reason });
}
