import { strict as assert } from 'node:assert';
import { PGlite } from '@electric-sql/pglite';
import { asPosition, Projections } from 'jetsource';
import { ORDER_LIST } from '../order-list.js';
import type { Tour } from './tour.js';

export async function readModelIsRebuilt({ app, shops: [shop], saw }: Tour): Promise<void> {
  const db = app.get(PGlite);
  const projections = app.get(Projections);
  const rows = async (where = 'true'): Promise<unknown[]> =>
    (await db.query(`select * from order_list where ${where} order by id`)).rows;
  const rebuild = async (from: { sequence: number } | { time: Date }): Promise<string> => {
    const { events, durationMs, eventsPerSecond } = await projections.rebuild(ORDER_LIST, { from });
    return `${events} events in ${Math.round(durationMs)} ms, ${Math.round(eventsPerSecond)} events/s`;
  };

  const { body: last } = await shop.place('gil');
  await projections.waitFor(ORDER_LIST, asPosition(last.position));
  const before = await rows();

  await db.query('drop table order_list');
  saw(`the table of ${before.length} orders was dropped`);
  saw(`rebuilt from sequence 1: ${await rebuild({ sequence: 1 })}`);
  assert.deepEqual(await rows(), before);
  saw('it holds the same rows as before');

  const middle = await db.query<{ time: Date }>(
    `select placed_at as time from order_list order by placed_at offset ${Math.floor(before.length / 2)} limit 1`,
  );
  const time = middle.rows[0]?.time as Date;
  const since = await rows(`placed_at >= '${time.toISOString()}'`);
  saw(`rebuilt from ${time.toISOString()}: ${await rebuild({ time })}`);
  assert.deepEqual(await rows(), since);
  saw(`it holds the ${since.length} orders placed from then on`);

  await rebuild({ sequence: 1 });
  assert.deepEqual(await rows(), before);
  saw('and, rebuilt from sequence 1 once more, all of them again');
}
