import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import { ScheduleStream } from '../../jetstream/schedules/schedule-stream.js';
import { Deadline } from '../../kernel/deadline.js';
import { JetStreamTimers } from './jetstream-timers.js';
import type { Timers } from './timers.js';
import { toTimersOptions, type TimersOptions } from './timers-options.js';

const SET_UP_TIMEOUT_MS = 10_000;

/**
 * Opens the timers of a store. What a timer says is a commit of the store, in a category of jetsource's own;
 * when it is due tells a message schedule in a JetStream stream beside it, `<JetStream stream>~timers`, which is
 * created when it is missing. Needs nats-server 2.14 or later.
 *
 * Nothing is carried out before `start()`.
 *
 * @throws {@link InvalidOptionError} when an option cannot work.
 * @throws {@link UnsupportedByServerError} when the server is too old.
 * @throws {@link JetStreamSettingsError} when the stream exists with settings under which timers would be lost.
 * @throws {@link NatsError} when the server refuses to create it, or does not answer within 10 s.
 * @example
 * const timers = await openTimers(store, { onDue: async ({ command }) => execute(command) });
 * await timers.start();
 * await timers.schedule({ name: 'CancelOrder', data: { order: '42' } }, { in: '3 days', id: 'cancel/42' });
 */
export async function openTimers(store: JetStreamEventStore, options: TimersOptions): Promise<Timers> {
  const checked = toTimersOptions(options);
  const stream = new ScheduleStream(store.connection, store.jetStream);
  await stream.ensure(new Deadline(SET_UP_TIMEOUT_MS));
  return new JetStreamTimers(store, stream, checked);
}
