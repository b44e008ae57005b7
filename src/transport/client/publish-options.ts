import type { MsgHdrs } from '@nats-io/transport-node';
import type { HeaderValues } from '../../log/message-log.js';
import type { PublishExpectations, PublishSchedule } from '../../jetstream/publish/publish-request.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionNames, requireOptions } from '../check-option-names.js';
import { fromLegacyPublishOptions, type LegacyPublishOptions } from '../legacy/legacy-publish-options.js';

/** How one event is stored. */
export interface JetStreamPublishOptions extends LegacyPublishOptions {
  /**
   * Message id: the JetStream stream stores one event of that id within its duplicate window (2 minutes,
   * unless its configuration says otherwise). A second one is acknowledged with `duplicate: true`.
   * @default a random one for each emit, or `source` and `id` of a CloudEvent
   */
  readonly msgID?: string | undefined;
  /** Conditions under which the event is stored. @default none */
  readonly expect?: PublishExpectations | undefined;
  /**
   * Headers of the event. Those that start with `Nats-` belong to the server, and are refused.
   * @default none
   */
  readonly headers?: MsgHdrs | HeaderValues | undefined;
  /** The client's timeout, resends included, in milliseconds. @default `timeout` of `jetStreamOptions` */
  readonly timeout?: number | undefined;
  /**
   * How long the event is kept, in milliseconds, rounded up to whole seconds; at least 1000. Needs
   * `allow_msg_ttl` on the JetStream stream and nats-server 2.11. @default as long as the stream keeps events
   */
  readonly ttlMs?: number | undefined;
  /**
   * How long the delivery is delayed, in milliseconds. It is up to 250 ms late, and survives a restart. Needs
   * `allow_msg_schedules` on the JetStream stream and nats-server 2.12. Excludes `deliverAt` and all of
   * `expect` except `streamName`. @default 0
   */
  readonly delayMs?: number | undefined;
  /**
   * When the event is delivered; at once for a time in the past. Needs and excludes what `delayMs` does.
   * @default at once
   */
  readonly deliverAt?: Date | undefined;
  /**
   * The event is delivered again and again, by the server alone, until `cancelSchedule` of the client. One
   * that is emitted with the same name takes its place. Needs `allow_msg_schedules` on the JetStream stream
   * and nats-server 2.14. Excludes `delayMs`, `deliverAt` and all of `expect` except `streamName`.
   * @default it is delivered once
   */
  readonly schedule?: PublishSchedule | undefined;
}

/** The options without those that have no effect. */
export type PublishOptions = Omit<JetStreamPublishOptions, keyof LegacyPublishOptions>;

const KNOWN: Record<keyof PublishOptions, true> = {
  msgID: true,
  expect: true,
  headers: true,
  timeout: true,
  ttlMs: true,
  delayMs: true,
  deliverAt: true,
  schedule: true,
};
const KNOWN_SCHEDULE: Record<keyof PublishSchedule, true> = {
  name: true,
  every: true,
  cron: true,
  timeZone: true,
};
/** Six fields, or a word. */
const CRON = /^(\S+( \S+){5}|@(yearly|annually|monthly|weekly|daily|midnight|hourly))$/;
const KNOWN_EXPECTATIONS: Record<keyof PublishExpectations, true> = {
  streamName: true,
  lastMsgID: true,
  lastSequence: true,
  lastSubjectSequence: true,
};

/**
 * A caller's options without those that have no effect.
 *
 * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
 */
export function toPublishOptions(given: JetStreamPublishOptions): PublishOptions {
  requireOptions(given, KNOWN);
  const options = fromLegacyPublishOptions(given);
  checkPublishOptions(options);
  return options;
}

/** @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together. */
export function checkPublishOptions(options: PublishOptions): void {
  checkOptionNames(options, KNOWN);
  const { msgID, expect = {}, ttlMs, delayMs, deliverAt, schedule } = options;
  if (msgID !== undefined && !/^[^\r\n]+$/.test(msgID))
    throw new InvalidOptionError({ option: 'msgID', given: msgID, allowed: 'text of one line' });
  checkOptionNames(expect, KNOWN_EXPECTATIONS, 'expect');
  integerOption('expect.lastSequence', expect.lastSequence, { fallback: 0, min: 0 });
  integerOption('expect.lastSubjectSequence', expect.lastSubjectSequence, { fallback: 0, min: 0 });
  integerOption('timeout', options.timeout, { fallback: 1, min: 1, max: LONGEST_TIMER_MS });
  integerOption('ttlMs', ttlMs, { fallback: 1_000, min: 1_000 });
  integerOption('delayMs', delayMs, { fallback: 0, min: 0 });
  if (deliverAt !== undefined && Number.isNaN(deliverAt.getTime()))
    throw new InvalidOptionError({ option: 'deliverAt', given: deliverAt, allowed: 'a valid date' });
  if (schedule !== undefined) checkSchedule(schedule);
  if (delayMs !== undefined || deliverAt !== undefined || schedule !== undefined) refuseWithDelay(options);
}

function checkSchedule(schedule: PublishSchedule): void {
  checkOptionNames(schedule, KNOWN_SCHEDULE, 'schedule');
  const { name, every, cron, timeZone } = schedule;
  const refuse = (option: string, given: unknown, allowed: string): never => {
    throw new InvalidOptionError({ option: `schedule.${option}`, given, allowed });
  };
  if (typeof name !== 'string' || name === '') refuse('name', name, 'a text that is not empty');
  if ((every === undefined) === (cron === undefined)) refuse('every', every, 'given, or cron, and not both');
  integerOption('schedule.every', every, { fallback: 1_000, min: 1_000 });
  if (cron !== undefined && (typeof cron !== 'string' || !CRON.test(cron)))
    refuse('cron', cron, 'six fields, second first, such as "0 30 3 * * *", or a word such as "@hourly"');
  if (timeZone === undefined) return;
  if (cron === undefined) refuse('timeZone', timeZone, 'absent without cron');
  if (!/^[\w+/-]+$/.test(timeZone))
    refuse('timeZone', timeZone, 'the name of a time zone, such as Europe/Berlin');
}

function refuseWithDelay({ expect = {}, delayMs, deliverAt, schedule }: PublishOptions): void {
  const option = schedule !== undefined ? 'schedule' : delayMs === undefined ? 'deliverAt' : 'delayMs';
  const { streamName: _streamName, ...ofOrder } = expect;
  const others = {
    ...(option !== 'deliverAt' && { deliverAt }),
    ...(option === 'schedule' && { delayMs }),
    ...ofOrder,
  };
  const other = Object.entries(others).find(([, given]) => given !== undefined);
  if (other === undefined) return;
  const [name, given] = other;
  throw new InvalidOptionError({
    option: name === 'deliverAt' || name === 'delayMs' ? name : `expect.${name}`,
    given,
    allowed: `absent when ${option} is given`,
  });
}
