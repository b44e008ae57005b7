import { strict as assert } from 'node:assert';
import { randomUUID } from 'node:crypto';
import { EventStore, streamName } from 'jetsource';
import type { Tour } from './tour.js';

export async function requestIsRepeated({ shops, app, saw }: Tour): Promise<void> {
  const key = randomUUID();
  const first = await shops[0].place('finn', { key });
  const again = await shops[0].place('finn', { key });
  const elsewhere = await shops[1].place('finn', { key });
  for (const { status, body } of [first, again, elsewhere]) {
    saw(
      `POST /orders with the same key answered ${status}: order ${body.id}, version ${body.version}, committed: ${body.committed}`,
    );
  }
  assert.deepEqual(
    [first, again, elsewhere].map(({ body }) => [body.id, body.version, body.position, body.committed]),
    [true, false, false].map((committed) => [first.body.id, 1, first.body.position, committed]),
  );

  let events = 0;
  for await (const event of app
    .get(EventStore)
    .read(streamName('order', first.body.id), { consistency: 'leader' })) {
    events = event.version;
  }
  assert.equal(events, 1);
  saw(`the order's stream holds ${events} event`);
}
