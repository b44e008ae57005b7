import { runVerify, type VerifyFlags } from '../../src/cli/verify-command.js';
import { streamName } from '../../src/event/stream-name.js';
import { openStore, sharedServerUrl, uniqueStoreName } from '../shared-server.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';
import { RawNats } from '../support/raw-nats.js';

async function run(flags: Partial<VerifyFlags> & { store: string }): Promise<{
  code: number;
  lines: string[];
  notes: string[];
}> {
  const lines: string[] = [];
  const notes: string[] = [];
  const code = await runVerify(
    { servers: sharedServerUrl(), ...flags },
    { print: (line) => lines.push(line), note: (line) => notes.push(line) },
  );
  return { code, lines, notes };
}

describe('jetsource verify', () => {
  it('exits with 0 when a store is sound', async () => {
    const store = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
    for (let n = 1; n <= 20; n += 1) await store.append(streamName('order', String(n % 3)), counted(n));
    expect(await run({ store: store.name })).toEqual({
      code: 0,
      lines: ['20 commits of 3 streams, 0 left-over checks, 0 faults'],
      notes: [],
    });
  });

  it('exits with 1 when there are faults, and names each by its position', async () => {
    const store = await openStore({ name: uniqueStoreName(), events: ORDER_EVENTS });
    await store.append(streamName('order', '1'), counted(1));
    await using raw = await RawNats.open();
    await raw.store(`${store.name}.1.order.x`, 'hello');
    const plain = await run({ store: store.name });
    expect(plain.code).toBe(1);
    expect(plain.lines).toEqual([
      `2.0  no-commit  ${store.name}.1.order.x: the body is not JSON`,
      '1 commits of 1 streams, 0 left-over checks, 1 faults',
    ]);
    const { code, lines } = await run({ store: store.name, json: true });
    expect(code).toBe(1);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        position: '2.0',
        kind: 'no-commit',
        stream: `${store.name}.1.order.x`,
        reason: 'the body is not JSON',
      },
      { commits: 1, streams: 1, checks: 0, faults: 1 },
    ]);
  });

  it('exits with 2, and creates nothing, when there is no such store, no server, or no such name', async () => {
    const store = uniqueStoreName();
    const missing = await run({ store });
    expect(missing).toMatchObject({ code: 2, lines: [] });
    expect(missing.notes[0]).toContain('there is no such JetStream stream');
    await using raw = await RawNats.open();
    expect(await raw.api(`STREAM.INFO.${store}`)).toMatchObject({ error: { err_code: 10059 } });
    expect((await run({ store: 'a.b' })).code).toBe(2);
    expect((await run({ store, servers: 'nats://127.0.0.1:1' })).code).toBe(2);
  });
});
