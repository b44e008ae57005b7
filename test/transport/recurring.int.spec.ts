import type { PubAck, PublishSchedule } from 'jetsource/transport';
import { lastValueFrom } from 'rxjs';
import { NatsJetStreamRecord } from '../../src/transport/client/nats-jetstream-record.js';
import { NatsJetStreamRecordBuilder } from '../../src/transport/client/nats-jetstream-record-builder.js';
import type { JetStreamPublishOptions } from '../../src/transport/client/publish-options.js';
import { rejection, until } from '../support/collect.js';
import { openClient, uniqueStream } from './shared-client.js';
import { listener, startService } from './shared-service.js';

const refused = { code: 'invalid-option', outcome: 'not-applied' };

describe('an event with a schedule', () => {
  it('is delivered again and again, is replaced by its name, and ends when it is cancelled', async () => {
    const streamConfig = uniqueStream({ allow_msg_schedules: true });
    const { name } = streamConfig;
    const handled: unknown[] = [];
    await startService(name, [listener(`${name}.tick`, (data) => handled.push(data))], { streamConfig });
    const client = openClient();
    const emit = async (data: unknown, schedule: PublishSchedule): Promise<PubAck> => {
      const record = new NatsJetStreamRecordBuilder(data).setSchedule(schedule).build();
      return lastValueFrom(client.emit<PubAck>(`${name}.tick`, record));
    };
    await emit('old', { name: 'a clock', every: 1_000 });
    await until('it comes twice', () => handled.length >= 2);
    expect(new Set(handled)).toEqual(new Set(['old']));
    await emit('new', { name: 'a clock', cron: '* * * * * *', timeZone: 'Europe/Berlin' });
    await until('the new one comes twice', () => handled.filter((data) => data === 'new').length >= 2);
    const sinceNew = handled.slice(handled.indexOf('new'));
    expect(sinceNew.filter((data) => data === 'old')).toEqual([]);
    expect(await client.cancelSchedule({ stream: name, name: 'a clock' })).toBe(true);
    expect(await client.cancelSchedule({ stream: name, name: 'a clock' })).toBe(false);
  }, 60_000);

  it('is refused by name where the stream has no schedules', async () => {
    const streamConfig = uniqueStream();
    const client = openClient({ streamConfig });
    const record = new NatsJetStreamRecord(1, { schedule: { name: 'x', every: 1_000 } });
    expect(await rejection(lastValueFrom(client.emit(`${streamConfig.name}.a`, record)))).toMatchObject({
      ...refused,
      option: 'schedule',
      message: expect.stringContaining('set allow_msg_schedules: true'),
    });
  });

  it('fails with what the server says about a time zone that it does not know', async () => {
    const streamConfig = uniqueStream({ allow_msg_schedules: true });
    const client = openClient({ streamConfig });
    const schedule = { name: 'x', cron: '@hourly', timeZone: 'Europe/Atlantis' };
    const record = new NatsJetStreamRecord(1, { schedule });
    expect(await rejection(lastValueFrom(client.emit(`${streamConfig.name}.a`, record)))).toMatchObject({
      code: 'publish-refused',
    });
  });

  it.each<[string, JetStreamPublishOptions]>([
    ['schedule.name', { schedule: { name: '', every: 1_000 } }],
    ['schedule.every', { schedule: { name: 'x' } }],
    ['schedule.every', { schedule: { name: 'x', every: 1_000, cron: '@hourly' } }],
    ['schedule.every', { schedule: { name: 'x', every: 999 } }],
    ['schedule.cron', { schedule: { name: 'x', cron: '0 3 * * *' } }],
    ['schedule.cron', { schedule: { name: 'x', cron: '@every 1s' } }],
    ['schedule.timeZone', { schedule: { name: 'x', every: 1_000, timeZone: 'Europe/Berlin' } }],
    ['schedule.evry', { schedule: { name: 'x', evry: 1_000 } as never }],
    ['schedule', { schedule: 'daily' as never }],
    ['delayMs', { schedule: { name: 'x', every: 1_000 }, delayMs: 5 }],
    ['deliverAt', { schedule: { name: 'x', every: 1_000 }, deliverAt: new Date() }],
    ['expect.lastSequence', { schedule: { name: 'x', every: 1_000 }, expect: { lastSequence: 1 } }],
  ])('is refused before anything is sent when it cannot work: %s, %j', async (option, options) => {
    const client = openClient();
    const emitted = lastValueFrom(client.emit('a.b', new NatsJetStreamRecord(1, options)));
    expect(await rejection(emitted)).toMatchObject({ ...refused, option });
  });
});
