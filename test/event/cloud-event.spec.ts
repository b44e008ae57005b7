import { toCloudEvents } from '../../src/event/cloud-event.js';
import { commitOf } from './stored-commit.js';

const placed = { type: 'OrderPlaced', schemaVersion: 2, data: { customer: 'ada' } };

describe('a commit as CloudEvents', () => {
  it('has one CloudEvent per event, with all attributes that version 1.0 requires', () => {
    const events = toCloudEvents(
      commitOf([placed, { ...placed, metadata: { actor: 'bob' } }], {
        occurredAt: '2026-01-01T00:00:00.000Z',
        correlationId: 'request-7',
        actor: 'ada',
        tenant: 't',
        own: { kept: 'out' },
      }),
      '/shop',
    );
    expect(events[0]).toEqual({
      specversion: '1.0',
      id: '01890000-0000-7000-8000-000000000000/0',
      source: '/shop',
      type: 'OrderPlaced',
      subject: 'order/42',
      time: '2026-01-01T00:00:01.000Z',
      datacontenttype: 'application/json',
      data: { customer: 'ada' },
      schemaversion: 2,
      streamversion: 1,
      position: '7.0',
      correlationid: 'request-7',
      causationid: 'request-7',
      actor: 'ada',
      tenant: 't',
    });
    expect(events[1]).toMatchObject({ streamversion: 2, position: '7.1', actor: 'bob' });
  });

  it('has attribute names that CloudEvents allows: at most 20 lower-case letters and digits', () => {
    const [event = {}] = toCloudEvents(commitOf([placed]), '/shop');
    for (const name of Object.keys(event)) expect(name).toMatch(/^[a-z0-9]{1,20}$/);
  });

  it('has occurredAt as its time if the timestamp of the server was not read', () => {
    const commit = { ...commitOf([placed]), time: undefined };
    expect(toCloudEvents(commit, '/shop')[0]?.time).toBe('2026-01-01T00:00:00.000Z');
  });
});
