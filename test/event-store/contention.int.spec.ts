import type { EventStore } from '../../src/event-store/event-store.js';
import { streamName } from '../../src/event/stream-name.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';

const CONNECTIONS = 10;
const MS = 3_000;
const order = streamName('order', 'hot');

describe('many connections on one stream', () => {
  it.each(['append', 'command'])(
    'share it, and nobody is refused: %s',
    async (kind) => {
      const name = uniqueStoreName();
      const stores = await Promise.all(
        Array.from({ length: CONNECTIONS }, async () => openStore({ name, events: ORDER_EVENTS })),
      );
      const end = Date.now() + MS;
      const write = async (store: EventStore, writer: number): Promise<number> => {
        let count = 0;
        for (; Date.now() < end; count += 1) {
          const commandId = kind === 'command' ? `${writer}-${count}` : undefined;
          expect(await store.append(order, counted(1), { commandId })).toMatchObject({ committed: true });
        }
        return count;
      };
      const counts = await Promise.all(stores.map(write));
      const sum = counts.reduce((total, count) => total + count, 0);
      expect(await stores[0]?.status(order, { consistency: 'leader' })).toMatchObject({ version: sum });
      // the last append of each may be all that a busy machine gets through
      expect(Math.min(...counts)).toBeGreaterThanOrEqual(Math.min(sum / CONNECTIONS / 8, 1));
    },
    60_000,
  );
});
