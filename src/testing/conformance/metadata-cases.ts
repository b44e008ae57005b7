import assert from 'node:assert/strict';
import type { RecordedMetadata } from '../../event/metadata.js';
import { runWithMetadata } from '../../event/metadata-context.js';
import type { StreamName } from '../../event/stream-name.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ConformanceCase } from './conformance-case.js';
import { counted } from './conformance-events.js';
import { collect } from './conformance-support.js';

/** Cases of metadata: time, correlation and causation. */
export const metadataCases: readonly ConformanceCase[] = [
  {
    name: 'without metadata an event has only occurredAt, and its commit id as correlation and causation id',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1), { metadata: { tenant: undefined } });
      const [event] = await collect(store.read(order, { consistency: 'leader' }));
      const { occurredAt, ...rest } = event?.metadata ?? {};
      const commitId = event?.id.replace('/0', '');
      assert.deepStrictEqual(rest, { correlationId: commitId, causationId: commitId });
      assert.ok(Math.abs(Date.parse(occurredAt ?? '') - Date.now()) < 60_000);
    },
  },
  {
    name: 'the causation id defaults to the command id',
    async run({ store, stream }) {
      const order = stream();
      await store.append(order, counted(1), { commandId: 'cmd', metadata: { correlationId: 'corr' } });
      const [event] = await collect(store.read(order, { consistency: 'leader' }));
      assert.equal(event?.metadata.correlationId, 'corr');
      assert.equal(event.metadata.causationId, 'cmd');
    },
  },
  {
    name: 'runWithMetadata applies to all appends inside, and metadata of an append take precedence',
    async run({ store, stream }) {
      const [first, second, outside] = [stream(), stream(), stream()];
      await runWithMetadata({ correlationId: 'request-7', actor: 'ada' }, async () => {
        await store.append(first, counted(1), { metadata: { actor: 'bob', tenant: undefined } });
        await runWithMetadata({ causationId: 'step-2' }, async () =>
          store.transact([{ stream: second, events: counted(1) }]),
        );
      });
      await store.append(outside, counted(1));
      const chain = { correlationId: 'request-7' };
      assert.deepStrictEqual(await metadataIn(store, first), {
        ...chain,
        causationId: 'request-7',
        actor: 'bob',
      });
      assert.deepStrictEqual(await metadataIn(store, second), {
        ...chain,
        causationId: 'step-2',
        actor: 'ada',
      });
      assert.notEqual((await metadataIn(store, outside)).correlationId, 'request-7');
    },
  },
  {
    name: 'an append in the handler of a subscription has the handled event as its cause',
    async run({ store, stream }) {
      const [cause, effect] = [stream(), stream()];
      await store.append(cause, counted(1), { metadata: { correlationId: 'request-7', tenant: 't' } });
      const subscription = store.subscribe({
        onEvent: async (event) => {
          if (event.stream.toString() !== cause.toString()) return;
          await store.append(effect, counted(2));
          void subscription.stop();
        },
      });
      await subscription.closed;
      const [first] = await collect(store.read(cause, { consistency: 'leader' }));
      assert.deepStrictEqual(await metadataIn(store, effect), {
        correlationId: 'request-7',
        causationId: first?.id,
        tenant: 't',
      });
    },
  },
];

/** Metadata of the first event of a stream without `occurredAt`. */
async function metadataIn(
  store: EventStore,
  name: StreamName,
): Promise<Omit<RecordedMetadata, 'occurredAt'>> {
  const [event] = await collect(store.read(name, { consistency: 'leader' }));
  assert.ok(event !== undefined);
  const { occurredAt: _occurredAt, ...rest } = event.metadata;
  return rest;
}
