import { defineProjection } from '../../src/projection/definition/define-projection.js';
import type { HandlerContext } from '../../src/projection/fold/model-fold.js';
import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { inMemoryProjectionStore } from '../../src/testing/in-memory/in-memory-projection-store.js';
import { projectionSpecification } from '../../src/testing/projection/projection-specification.js';
import { OrderPlaced, OrderShipped } from '../projection/orders.js';
import type { SpecificationCase } from './specification-cases.js';

type Sums = Map<string, number>;
type Placed = RecordedEvent<OrderPlaced>;

const ada = new OrderPlaced('ada', 2);
const bob = new OrderPlaced('bob', 1);
const shipped = new OrderShipped('ups');

/** Sums by customer, in statement style. `write` takes the place of its handler. */
function sums(
  write: (event: Placed, model: Sums, context: HandlerContext) => unknown = ({ data }, model) => {
    model.set(data.customer, (model.get(data.customer) ?? 0) + data.amount);
  },
): ProjectionDefinition<Sums> {
  return defineProjection({
    name: 'sums',
    categories: ['order'],
    store: inMemoryProjectionStore<Sums>(new Map()),
    clear: async (model) => model.clear(),
    events: { OrderPlaced },
    on: {
      OrderPlaced: async (event, model, context) => {
        await write(event, model, context);
      },
    },
  });
}

/** One row for each customer, which OrderShipped deletes; the carrier is the customer. */
function customers(
  change: { readonly lanes?: number; readonly now?: () => number } = {},
): ProjectionDefinition<object> {
  return defineProjection({
    name: 'customers',
    store: inMemoryProjectionStore(),
    lanes: change.lanes,
    table: 'customer',
    keyColumn: 'customer',
    key: { OrderPlaced: ({ data }) => data.customer, OrderShipped: ({ data }) => data.carrier },
    events: { OrderPlaced, OrderShipped },
    on: {
      OrderPlaced: (
        row: { orders: number; note: string | null; at: string | undefined } | undefined,
        { time },
      ) => ({
        orders: (row?.orders ?? 0) + 1,
        note: null,
        at: change.now === undefined ? time?.toISOString() : String(change.now()),
      }),
      OrderShipped: () => undefined,
    },
  });
}

const counts = defineProjection({
  name: 'counts',
  initial: () => new Map<string, number>(),
  events: { OrderPlaced },
  on: {
    OrderPlaced: (state, { data }) => {
      state.set(data.customer, (state.get(data.customer) ?? 0) + 1);
    },
  },
});

const failing = sums(({ data }) => {
  if (data.customer === 'bob') throw new RangeError('bob is unknown');
});
/** A clock that never tells the same time twice. */
let ticks = 0;
const outside: string[] = [];
const shared: Sums = new Map();

const placed = <Model>(definition: ProjectionDefinition<Model>) =>
  projectionSpecification(definition).given('order/1', [ada, ada]).given('order/2', [bob]);
const counted = () => projectionSpecification(counts).given('order/1', [ada, ada]).given('order/2', [bob]);
const first = '2000-01-01T00:00:00.000Z';
const second = '2000-01-01T00:00:01.000Z';

const STATEMENTS: readonly SpecificationCase[] = [
  {
    title: 'a model by a predicate',
    run: async () => placed(sums()).thenModel((model) => model.get('ada') === 4 && model.get('bob') === 1),
  },
  {
    title: 'another model, by a predicate',
    run: async () => placed(sums()).thenModel(async (model) => model.get('ada') === 5),
    fails: /the check of the model returned false/,
  },
  {
    title: 'another model, by an error',
    run: async () =>
      placed(sums()).thenModel((model) => {
        throw new TypeError(`ada has ${model.get('ada')}`);
      }),
    fails: /^ada has 4$/,
  },
  {
    title: 'no events',
    run: async () => projectionSpecification(sums()).thenModel(({ size }) => size === 0),
  },
  {
    title: 'a specification whose definition ran before: it begins with an empty model',
    run: async () => {
      const spec = placed(sums());
      await spec.thenModel((model) => model.get('ada') === 4);
      await spec.given('order/1', [ada]).thenModel((model) => model.get('ada') === 6);
      await spec.thenModel((model) => model.get('ada') === 4);
    },
  },
  {
    title: 'two expectations of one definition at the same time',
    run: async () => {
      const spec = placed(sums());
      const check = async (): Promise<void> => spec.thenModel((model) => model.get('ada') === 4);
      await Promise.all([check(), check()]);
    },
  },
  {
    title: 'a projection that begins with now and reads from a mirror: it reads all that is given',
    run: async () =>
      placed({ ...sums(), from: 'now', readFrom: { stream: 'MIRROR' } }).thenModel(
        (model) => model.get('ada') === 4,
      ),
  },
  {
    title: 'a handler that fails, of a projection that parks events: it fails as well',
    run: async () =>
      placed({ ...failing, failure: { ...failing.failure, then: 'park' } }).thenError(/^bob is unknown$/),
  },
  {
    title: 'a stream of another category, whose events are not waited for',
    run: async () =>
      projectionSpecification(sums())
        .live()
        .given('cart/1', [ada])
        .given('order/1', [ada])
        .thenModel((model) => model.get('ada') === 2),
  },
  {
    title: 'events after the projection is live',
    run: async () => {
      const replays: boolean[] = [];
      const definition = sums((_, __, { isReplay }) => void replays.push(isReplay));
      await projectionSpecification(definition)
        .given('order/1', [ada])
        .live()
        .given('order/1', [ada])
        .given('order/1', [ada])
        .thenModel(() => replays.join() === 'true,false,false');
    },
  },
  {
    title: 'a transaction over streams, its time and its metadata',
    run: async () => {
      const told: unknown[] = [];
      const definition = sums(({ time, metadata, stream }) => {
        told.push([stream.toString(), time?.getTime(), metadata['tenant']]);
      });
      const entries = [
        { stream: 'order/1', events: [ada] },
        { stream: 'order/2', events: [bob] },
      ] as const;
      await projectionSpecification(definition)
        .givenTransaction(entries, { at: new Date(7_000), metadata: { tenant: 'a' } })
        .thenModel(() => JSON.stringify(told) === '[["order/1",7000,"a"],["order/2",7000,"a"]]');
    },
  },
  {
    title: 'a handler that fails: at once, with its event',
    run: async () => placed(failing).thenModel(() => true),
    fails: /^failed: .*handler of OrderPlaced failed at 2\.0 \(order\/2\): bob is unknown.*customer: 'bob'/,
  },
  {
    title: 'a handler that fails when the projection is live',
    run: async () =>
      projectionSpecification(failing)
        .live()
        .given('order/2', [bob])
        .thenModel(() => true),
    fails: /handler of OrderPlaced failed at 1\.0 \(order\/2\): bob is unknown/,
  },
  {
    title: 'a handler that never returns',
    run: async () =>
      projectionSpecification(
        sums(async () => new Promise(() => undefined)),
        { timeoutMs: 200 },
      )
        .given('order/1', [ada])
        .thenModel(() => true),
    fails: /the handler of OrderPlaced at 1\.0 .*has not returned.*through their transaction/,
  },
  { title: 'any error', run: async () => placed(failing).thenError() },
  {
    title: 'an error of clear',
    run: async () =>
      projectionSpecification(
        defineProjection({
          name: 'unclear',
          store: inMemoryProjectionStore(),
          clear: async () => Promise.reject(new RangeError('no such table')),
          events: { OrderPlaced },
          on: { OrderPlaced: () => undefined },
        }),
      ).thenModel(() => true),
    fails: /^failed: .*clear failed: no such table/,
  },
  { title: 'an error by class', run: async () => placed(failing).thenError(RangeError) },
  {
    title: 'another error',
    run: async () => placed(failing).thenError('ada is unknown'),
    fails: /another error/,
  },
  {
    title: 'an error, but there was none',
    run: async () => placed(sums()).thenError(),
    fails: /expected an error, but all events were folded/,
  },
  {
    title: 'an event type that the projection does not handle',
    run: async () =>
      projectionSpecification(sums())
        .given('order/1', [shipped])
        .thenModel(() => true),
    fails:
      /OrderShipped is not registered.*give others to it: projectionSpecification\(definition, \{ events/,
  },
  {
    title: 'an event type that the projection does not handle, when it is given',
    run: async () =>
      projectionSpecification(sums(), { events: [OrderShipped, OrderPlaced] })
        .given('order/1', [shipped, ada])
        .thenModel((model) => model.get('ada') === 2),
  },
];

const ROWS: readonly SpecificationCase[] = [
  {
    title: 'rows, in any order, without those that were deleted',
    run: async () =>
      placed(customers())
        .given('order/3', [new OrderPlaced('eve'), new OrderShipped('eve')])
        .thenRows('customer', [
          { customer: 'bob', orders: 1, at: second },
          { customer: 'ada', orders: 2, at: first, note: null },
        ]),
  },
  {
    title: 'rows that are built in lanes',
    run: async () =>
      placed(customers({ lanes: 4 }))
        .live()
        .given('order/3', [bob], { at: new Date('2001-01-01') })
        .thenRows('customer', [
          { customer: 'ada', orders: 2, at: first },
          { customer: 'bob', orders: 2, at: '2001-01-01T00:00:00.000Z' },
        ]),
  },
  {
    title: 'a row that differs',
    run: async () =>
      projectionSpecification(customers())
        .given('order/1', [ada])
        .thenRows('customer', [{ customer: 'ada', orders: 3, at: first }]),
    fails: /the rows are others than expected[^]*\+ +orders: 1[^]*- +orders: 3/,
  },
  {
    title: 'a row too few',
    run: async () => placed(customers()).thenRows('customer', []),
    fails: /the rows are others than expected[^]*ada/,
  },
  {
    title: 'a table that is not written',
    run: async () => placed(customers()).thenRows('customers', []),
    fails: /has written no table customers, but customer/,
  },
  {
    title: 'no rows',
    run: async () => projectionSpecification(customers()).thenRows('customer', []),
  },
  {
    title: 'rows that a function reads',
    run: async () =>
      placed(sums()).thenRows(
        (model) => [...model].map(([name, sum]) => ({ name, sum })),
        [
          { name: 'bob', sum: 1 },
          { name: 'ada', sum: 4 },
        ],
      ),
  },
  {
    title: 'what a function reads, which is no list',
    run: async () => placed(sums()).thenRows((model) => model, []),
    fails: /let the function return a list of rows/,
  },
];

const LIVE: readonly SpecificationCase[] = [
  {
    title: 'the state of a live projection',
    run: async () => counted().thenModel((state) => state.get('ada') === 2),
  },
  {
    title: 'the state of a live projection, from the beginning again',
    run: async () => counted().thenRows((state) => [{ ada: state.get('ada') }], [{ ada: 2 }]),
  },
  {
    title: 'another state of a live projection',
    run: async () => counted().thenModel((state) => state.get('ada') === 3),
    fails: /the check of the model returned false/,
  },
  {
    title: 'a table of a live projection',
    run: async () => counted().thenRows('counts', []),
    fails: /read must be a function that reads the model/,
  },
];

const REPEATABLE: readonly SpecificationCase[] = [
  { title: 'statements that can be repeated', run: async () => placed(sums()).thenRepeatable() },
  { title: 'rows that can be repeated', run: async () => placed(customers()).thenRepeatable('customer') },
  {
    title: 'a live state that can be rebuilt',
    run: async () => counted().live().given('order/1', [ada]).thenRepeatable(),
  },
  {
    title: 'rows in lanes that can be repeated',
    run: async () =>
      placed(customers({ lanes: 3 }))
        .live()
        .given('order/9', [bob])
        .thenRepeatable(),
  },
  {
    title: 'rows with the time of day',
    run: async () => placed(customers({ now: () => (ticks += 1) })).thenRepeatable(),
    fails:
      /another one after each transaction was rolled back once and repeated: .*event\.time, not the clock/,
  },
  {
    title: 'a handler that writes outside of its transaction',
    run: async () =>
      placed(
        sums(({ data }, model) => {
          outside.push(data.customer);
          model.set(data.customer, outside.length);
        }),
      ).thenRepeatable(),
    fails: /after each transaction was rolled back once and repeated: handlers have to write through/,
  },
  {
    title: 'a handler that writes into another database, which clear empties',
    run: async () => {
      const other: string[] = [];
      const definition = defineProjection({
        name: 'other',
        store: inMemoryProjectionStore(),
        clear: async () => void (other.length = 0),
        events: { OrderPlaced },
        on: { OrderPlaced: ({ data }) => void other.push(data.customer) },
      });
      await placed(definition).thenRepeatable(() => other);
    },
    fails: /after each transaction was rolled back once and repeated: handlers have to write through/,
  },
  {
    title: 'a handler that fails when it is repeated',
    run: async () => {
      const seen = new Set<string>();
      const definition = sums(({ id }) => {
        if (seen.has(id)) throw new TypeError('seen already');
        seen.add(id);
      });
      await placed(definition).thenRepeatable();
    },
    fails: /^failed when its transactions were repeated or it was rebuilt: .*seen already/,
  },
  {
    title: 'a handler that writes something else during a replay',
    run: async () =>
      projectionSpecification(
        sums(({ data }, model, { isReplay }) => void model.set(data.customer, Number(isReplay))),
      )
        .live()
        .given('order/1', [ada])
        .thenRepeatable(),
    fails: /another one after it was rebuilt: .*isReplay/,
  },
  {
    title: 'a clear that leaves rows',
    run: async () =>
      placed({
        ...sums(),
        fold: {
          ...sums().fold,
          apply: async (tx, batch) => sums().fold.apply(tx, batch),
          clear: async () => undefined,
        },
      }).thenRepeatable(),
    fails: /another one after/,
  },
  {
    title: 'a live projection whose initial state is not new',
    run: async () =>
      placed(
        defineProjection({
          name: 'shared',
          initial: () => shared,
          events: { OrderPlaced },
          on: {
            OrderPlaced: (state, { data }) =>
              void state.set(data.customer, (state.get(data.customer) ?? 0) + 1),
          },
        }),
      ).thenRepeatable(),
    fails: /another one after/,
  },
  {
    title: 'events that the projection does not handle',
    run: async () => projectionSpecification(sums()).given('cart/1', [ada]).thenRepeatable(),
    fails: /the projection handles none of the events/,
  },
];

const MISTAKES: readonly SpecificationCase[] = [
  {
    title: 'a time before that of the commit before it',
    run: async () => void placed(sums()).given('order/1', [ada], { at: new Date(0) }),
    fails: /at must be a Date that is not before the commit before it \(2000-01-01T00:00:01\.000Z\)/,
  },
  {
    title: 'a commit without events',
    run: async () => void placed(sums()).given('order/1', []),
    fails: /events must be a list of events/,
  },
  {
    title: 'an option that does not exist',
    run: async () => void projectionSpecification(sums(), { timeout: 1 } as object),
    fails: /timeout must be one of events, timeoutMs/,
  },
  {
    title: 'what is no projection',
    run: async () => void projectionSpecification({} as ProjectionDefinition),
    fails: /must be what defineProjection\(…\) returned/,
  },
];

/** Passing and failing cases of every expectation on a projection, for any test runner. */
export const PROJECTION_CASES: readonly SpecificationCase[] = [
  ...STATEMENTS,
  ...ROWS,
  ...LIVE,
  ...REPEATABLE,
  ...MISTAKES,
];
