import { strict as assert } from 'node:assert';
import { setTimeout } from 'node:timers/promises';
import { asPosition, EventStore, Projections } from 'jetsource';
import { projectionOf } from 'jetsource/nestjs';
import { ORDER_LIST, OrderListProjection, type OrderRow } from '../order-list.projection.js';
import { ShopDatabase } from '../shop-database.js';
import type { ShopClient } from './shop-client.js';
import type { Tour } from './tour.js';

export async function readModelIsRebuilt({ app, shops: [shop], saw }: Tour): Promise<void> {
  const db = app.get(ShopDatabase);
  const projections = app.get(Projections);
  const rows = async (where = 'true'): Promise<OrderRow[]> =>
    db.query<OrderRow>(`select * from order_list where ${where} order by id`);
  const rebuild = async (from: { sequence: number } | { time: Date }): Promise<string> => {
    const { events, durationMs, eventsPerSecond } = await projections.rebuild(ORDER_LIST, { from });
    return `${events} events in ${Math.round(durationMs)} ms, ${Math.round(eventsPerSecond)} events/s`;
  };

  const traffic = new Traffic(shop, async () => (await rows()).length);
  saw(`rebuilt from sequence 1 while orders come in: ${await rebuild({ sequence: 1 })}`);
  const { placed, looks, fewest } = await traffic.stop();
  assert.equal(traffic.went, 'never backwards');
  saw(
    `${placed} orders came in meanwhile; of ${looks} looks at the list none showed fewer than ${fewest} orders`,
  );

  const { body: last } = await shop.place('gil');
  await projections.waitFor(ORDER_LIST, asPosition(last.position));
  const before = await rows();
  await rebuild({ sequence: 1 });
  assert.deepEqual(await rows(), before);
  saw(`rebuilt once more, it holds the same ${before.length} rows`);

  const [middle] = await db.query<{ time: Date }>(
    `select placed_at as time from order_list order by placed_at offset ${Math.floor(before.length / 2)} limit 1`,
  );
  const time = middle?.time as Date;
  const since = await rows(`placed_at >= '${time.toISOString()}'`);
  saw(`rebuilt from ${time.toISOString()}: ${await rebuild({ time })}`);
  assert.deepEqual(await rows(), since);
  saw(`it holds the ${since.length} orders placed from then on`);
  await rebuild({ sequence: 1 });
  assert.deepEqual(await rows(), before);

  await newVersion(app.get(EventStore), db, saw);
  await projections.serve({ name: ORDER_LIST, version: 1 });
  assert.deepEqual(await rows(), before);
  saw('readers were given version 1 back, which stood beside it');
}

/** A next version is built beside the one that readers see, and takes its place when it has caught up. */
async function newVersion(store: EventStore, db: ShopDatabase, saw: Tour['saw']): Promise<void> {
  const definition = { ...projectionOf(new OrderListProjection(), { store: db.models }), version: 2 };
  await using projections = new Projections(store, [definition]);
  await projections.start();
  await projections.waitUntilLive();
  const [serving] = await db.query<{ version: number }>(
    `select version from jetsource_model where projection = '${ORDER_LIST}' and state = 'serving'`,
  );
  assert.equal(serving?.version, 2);
  saw('version 2 was built beside version 1, and readers see it since it has caught up');
}

/** Places orders and looks at the list, over and over. */
class Traffic {
  #isOver = false;
  #placed = 0;
  #looks = 0;
  #fewest = Infinity;
  #most = 0;
  went: 'never backwards' | 'backwards' = 'never backwards';
  readonly #work: Promise<unknown>;

  constructor(shop: ShopClient, count: () => Promise<number>) {
    this.#work = Promise.all([
      this.#repeat(async () => {
        await shop.place('hal');
        this.#placed += 1;
      }),
      this.#repeat(async () => this.#saw(await count())),
    ]);
  }

  async stop(): Promise<{ placed: number; looks: number; fewest: number }> {
    this.#isOver = true;
    await this.#work;
    return { placed: this.#placed, looks: this.#looks, fewest: this.#fewest };
  }

  #saw(count: number): void {
    this.#looks += 1;
    this.#fewest = Math.min(this.#fewest, count);
    if (count < this.#most) this.went = 'backwards';
    this.#most = Math.max(this.#most, count);
  }

  async #repeat(work: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await work();
      // a database in the process would leave no time for anything else
      await setTimeout(2);
    }
  }
}
