import { runVerify } from '../../src/cli/verify-command.js';
import { slotOfCommit } from '../../src/event/notification.js';
import { eventType } from '../../src/event/plain-event-type.js';
import { storedStream } from '../../src/event/stream-name.js';
import type { JetStreamEventStore } from '../../src/event-store/jetstream-event-store.js';
import { openStore, sharedServerUrl } from '../shared-server.js';
import { collect, rejection } from '../support/collect.js';
import { counted, type Counted, ORDER_EVENTS, OrderPlaced } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

const BUS = { categories: ['$bus'] };

/** Types that try to leave the place of their event type in the subject. */
const HOSTILE = [
  'a.b',
  '*',
  '>',
  'x > y',
  '..',
  'a b\r\nHPUB shop.0.order.1 0 0\r\n',
  'order.42',
  '%2E',
  'ä€😀',
  'a$b',
  '__proto__',
];
const HOSTILE_TYPES = HOSTILE.map((name) => eventType({ name }));
const TOO_LONG = eventType({ name: 'x'.repeat(1_025) });
const HALF = eventType({ name: 'half \ud800' });

interface RawMessage {
  readonly message: { readonly subject: string; readonly data: string; readonly hdrs: string };
}

let raw: RawNats;

beforeAll(async () => {
  raw = await RawNats.open();
});

afterAll(async () => {
  await raw.nc.close();
});

async function newStore(): Promise<JetStreamEventStore> {
  return openStore({ events: [...ORDER_EVENTS, ...HOSTILE_TYPES, TOO_LONG, HALF] });
}

async function messageAt(store: JetStreamEventStore, seq: number) {
  const { message } = await raw.api<RawMessage>(`STREAM.MSG.GET.${store.name}`, { seq });
  return {
    subject: message.subject,
    body: JSON.parse(Buffer.from(message.data, 'base64').toString()) as Record<string, unknown>,
    headers: Buffer.from(message.hdrs, 'base64').toString(),
  };
}

async function verified(store: JetStreamEventStore): Promise<string[]> {
  const lines: string[] = [];
  const out = { print: (line: string) => lines.push(line), note: () => undefined };
  await runVerify({ servers: sharedServerUrl(), store: store.name }, out);
  return lines;
}

describe('notifications on a server', () => {
  it('have the layout that docs/wire-format.md says', async () => {
    const store = await newStore();
    await store.notify([new OrderPlaced('ada'), new OrderPlaced('bob')], { commandId: 'import-7' });
    const { subject, body, headers } = await messageAt(store, 2);
    // the UUID v5 of `$bus/1#import-7`
    const commitId = 'c6cc7124-9c2f-5748-941c-2e2de081ffdd';
    const slot = slotOfCommit({ stream: storedStream('$bus', 'OrderPlaced'), commitId });
    expect(subject).toBe(`${store.name}.${slot}.$bus.OrderPlaced`);
    expect(headers.trim().split('\r\n')).toEqual(['NATS/1.0', `Nats-Msg-Id: ${commitId}`]);
    expect(body).toEqual({
      format: 1,
      stream: ['$bus', 'OrderPlaced'],
      commit: commitId,
      attempt: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      meta: { occurredAt: expect.any(String) as string, commandId: 'import-7' },
      events: [{ type: 'OrderPlaced', schema: 1, data: { customer: 'bob' } }],
    });
  });

  it('are spread over the slots, sent without waiting for each other, and in order', async () => {
    const store = await newStore();
    const numbers = Array.from({ length: 3_000 }, (_, index) => index + 1);
    const { positions } = await store.notify(counted(1, 3_000));
    expect(positions).toEqual(numbers.map((n) => `${n}.0`));
    const events = await collect(store.readAll(BUS));
    expect(events.map(({ data }) => (data as Counted).n)).toEqual(numbers);
    const half = Array.from({ length: 32 }, (_, slot) => slot);
    const inHalf: number[] = [];
    for await (const { commits, caughtUp } of store.follow({ ...BUS, slots: half })) {
      inHalf.push(...commits.map((commit) => slotOfCommit(commit)));
      if (caughtUp) break;
    }
    expect(new Set(inHalf).size).toBe(32);
    expect(Math.max(...inHalf)).toBeLessThan(32);
    expect(inHalf.length).toBeGreaterThan(1_000);
  });

  it('of hostile event types stay on the subjects of notifications, each of its own', async () => {
    const store = await newStore();
    await store.append('order/42', counted(1));
    await store.notify(HOSTILE_TYPES.map((type, n) => type.create({ n })));
    const events = await collect(store.readAll(BUS));
    expect(events.map(({ type, data }) => [type, data])).toEqual(HOSTILE.map((type, n) => [type, { n }]));
    for (let sequence = 2; sequence <= HOSTILE.length + 1; sequence += 1) {
      const { subject } = await messageAt(store, sequence);
      expect(subject).toMatch(/^[\w-]+\.\d+\.\$bus\.[\w~%-]+$/);
    }
    expect(await collect(store.read('order/42'))).toHaveLength(1);
    expect(await collect(store.readAll({ ...BUS, types: ['*'] }))).toHaveLength(1);
    expect(await verified(store)).toEqual([
      `${HOSTILE.length + 1} commits of 1 streams, 0 left-over checks, 0 faults`,
    ]);
  });

  it('of a type that no subject can hold are refused before anything is sent', async () => {
    const store = await newStore();
    for (const type of [TOO_LONG, HALF]) {
      const events = [new OrderPlaced('ada'), type.create({})];
      expect(await rejection(store.notify(events))).toMatchObject({
        name: 'InvalidEventError',
        message: expect.stringContaining('cannot be notifications') as string,
      });
    }
    expect(await store.lastSequence()).toBe(0);
  });

  it('that are forged are corrupt for readers that ask for them, and faults for verify', async () => {
    const store = await newStore();
    await store.notify([new OrderPlaced('ada')]);
    const { subject, body } = await messageAt(store, 1);
    const slot = Number(subject.split('.')[1]);
    const elsewhere = `${store.name}.${(slot + 1) % 64}.$bus.OrderPlaced`;
    await raw.store(elsewhere, JSON.stringify({ ...body, commit: body['commit'] }));
    await raw.store(subject, JSON.stringify({ ...body, number: 1, version: 1 }));
    expect(await rejection(collect(store.readAll(BUS)))).toMatchObject({
      name: 'CorruptStreamError',
      position: '2.0',
    });
    expect(await collect(store.readAll())).toEqual([]);
    expect((await verified(store)).map((line) => line.split('  ').slice(0, 2))).toEqual([
      ['2.0', 'subject'],
      ['2.0', 'commit-id'],
      ['3.0', 'no-commit'],
      ['2 commits of 0 streams, 0 left-over checks, 3 faults'],
    ]);
  });
});
