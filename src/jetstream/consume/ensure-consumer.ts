import type { ConsumerConfig, ConsumerInfo } from '@nats-io/jetstream';
import type { Deadline } from '../../kernel/deadline.js';
import { ConsumerSettingsError } from './consumer-errors.js';
import { ApiCode, type ApiFault, FORBIDDEN } from '../api-codes.js';
import { isFault, type JetStreamConnection, unexpectedFault } from '../connection/jetstream-connection.js';
import { differences } from '../streams/settings-diff.js';

/** A consumer as it is wanted. */
export type WantedConsumer = Partial<ConsumerConfig> & { readonly name: string };

/** Where a consumer begins counts when it is made; a server refuses to change it. */
const START: readonly (keyof ConsumerConfig)[] = ['deliver_policy', 'opt_start_seq', 'opt_start_time'];
/** Another instance may make the same consumer at the same time. */
const TRIES = 5;

/**
 * Creates the consumer, or gives an existing one the settings that are wanted. Where it stands stays: its start counts only when it is made.
 *
 * @returns its settings as the server has them.
 * @throws {@link ConsumerSettingsError} when the server refuses; the consumer is left as it is. {@link NatsError} when the user may not.
 */
export async function ensureConsumer(
  connection: JetStreamConnection,
  stream: string,
  wanted: WantedConsumer,
  deadline: Deadline,
): Promise<ConsumerConfig> {
  let refusal: ApiFault | undefined;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const existing = await findConsumer(connection, stream, wanted.name, deadline);
    const target = existing === undefined ? wanted : merged(existing.config, wanted);
    if (existing !== undefined && differences(existing.config, target).length === 0) return existing.config;
    const action = existing === undefined ? 'create' : 'update';
    const answer = await apply(connection, stream, target, action, deadline);
    if (!isFault(answer)) return answer.config;
    refusal = answer.error;
    const isRace =
      refusal.err_code === ApiCode.consumerExists || refusal.err_code === ApiCode.consumerNotFound;
    if (refusal.code === FORBIDDEN)
      throw unexpectedFault(`making consumer ${wanted.name} of stream ${stream}`, refusal);
    if (!isRace) throw refused(stream, wanted, refusal, existing?.config);
  }
  throw refused(stream, wanted, refusal as ApiFault, undefined);
}

/** Settings and state of a consumer; undefined when there is none of that name. */
export async function findConsumer(
  connection: JetStreamConnection,
  stream: string,
  name: string,
  deadline: Deadline,
): Promise<ConsumerInfo | undefined> {
  const answer = await connection.api<ConsumerInfo>(`CONSUMER.INFO.${stream}.${name}`, undefined, deadline);
  if (!isFault(answer)) return answer;
  if (answer.error.err_code === ApiCode.consumerNotFound) return undefined;
  throw unexpectedFault(`reading the settings of consumer ${name} of stream ${stream}`, answer.error);
}

async function apply(
  connection: JetStreamConnection,
  stream: string,
  config: WantedConsumer,
  action: 'create' | 'update',
  deadline: Deadline,
): Promise<ConsumerInfo | { error: ApiFault }> {
  // with the filter in the call, permissions can restrict it
  const filter = config.filter_subject === undefined ? '' : `.${config.filter_subject}`;
  const call = `CONSUMER.CREATE.${stream}.${config.name}${filter}`;
  return connection.api<ConsumerInfo>(call, { stream_name: stream, config, action }, deadline);
}

function merged(existing: ConsumerConfig, wanted: WantedConsumer): WantedConsumer {
  const start = Object.fromEntries(START.map((key) => [key, existing[key]]));
  return { ...existing, ...wanted, ...start };
}

function refused(
  stream: string,
  { name, ...wanted }: WantedConsumer,
  { description = 'unknown error', err_code: errCode, code }: ApiFault,
  existing: ConsumerConfig | undefined,
): ConsumerSettingsError {
  const drift = existing === undefined ? [] : differences(existing, merged(existing, { name, ...wanted }));
  const changes = drift.length === 0 ? '' : ` when ${drift.join(', ')} is to be changed`;
  const advice =
    existing === undefined
      ? 'mend the options of the consumer'
      : `take the change back, or delete the consumer (nats consumer rm ${stream} ${name}): a new one begins where its options say`;
  const reason = `the server refuses${changes}: ${description} (${errCode ?? code}); ${advice}`;
  return new ConsumerSettingsError({ stream, consumer: name, reason });
}
