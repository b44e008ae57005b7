import { eventType } from '../../src/event/plain-event-type.js';
import { withMetadata } from '../../src/event/event-with-metadata.js';
import { defineProcessManager } from '../../src/reaction/process/define-process-manager.js';
import { processSpecification } from '../../src/testing/process/process-specification.js';
import { Confirmed, fulfilment, Ordered, Paid, ParcelSent } from '../reaction/process-harness.js';
import type { SpecificationCase } from './specification-cases.js';

const ordered = processSpecification(fulfilment).given(new Ordered('1', 40));
const charge = { name: 'Charge', data: { order: '1', amount: 40 } };
const ship = { name: 'Ship', data: { order: '1' } };
const unpaid = { id: 'unpaid', command: { name: 'Cancel', data: { order: '1' } }, at: new Date(5_000) };
const paid = { sends: [ship], publishes: [new Confirmed('1')], cancels: ['unpaid'] };

const Ticked = eventType<'Ticked', { n: number }>({ name: 'Ticked' });

/** One process for each stream, which remembers what it is told of its events. */
const watch = defineProcessManager({
  name: 'watch',
  events: [Ticked],
  correlate: ({ stream }) => stream.id,
  initial: (): { seen: string[] } => ({ seen: [] }),
  react: ({ seen }, { data, stream, time, version, metadata }, process) => {
    if (data.n < 0) throw new RangeError(`${data.n} is less than 0`);
    if (data.n === 7) seen.push('changed in place');
    if (data.n === 9) process.schedule('tea', { name: 'Tea' }, { in: '5 minutes' });
    return {
      seen: [...seen, `${stream.toString()} ${version} ${time?.toISOString()} ${metadata.actor ?? 'nobody'}`],
    };
  },
});
const tick = (n = 1) => Ticked.create({ n });

/** Passing and failing cases of every expectation on a process manager, for any test runner. */
export const PROCESS_CASES: readonly SpecificationCase[] = [
  {
    title: 'the first event of a process',
    run: async () =>
      processSpecification(fulfilment)
        .when(new Ordered('1', 40))
        .thenOutcome({ sends: [charge], schedules: [unpaid], state: { amount: 40, isPaid: false } }),
  },
  { title: 'all outputs of an event', run: async () => ordered.when(new Paid('1')).thenOutcome(paid) },
  {
    title: 'the end',
    run: async () => ordered.given(new Paid('1')).when(new ParcelSent('1')).thenOutcome({ ends: true }),
  },
  {
    title: 'a command too few',
    run: async () => ordered.when(new Paid('1')).thenOutcome({ ...paid, sends: [] }),
    fails: /Ship/,
  },
  {
    title: 'another command',
    run: async () => ordered.when(new Paid('1')).thenOutcome({ ...paid, sends: [charge] }),
    fails: /Charge/,
  },
  {
    title: 'another published event',
    run: async () => ordered.when(new Paid('1')).thenOutcome({ ...paid, publishes: [new Paid('1')] }),
    fails: /Confirmed/,
  },
  {
    title: 'no timer that is cancelled',
    run: async () => ordered.when(new Paid('1')).thenOutcome({ ...paid, cancels: [] }),
    fails: /unpaid/,
  },
  {
    title: 'a timer at another time',
    run: async () =>
      processSpecification(watch)
        .when(tick(9))
        .thenOutcome({ schedules: [{ id: 'tea', command: { name: 'Tea' }, in: '4 minutes' }] }),
    fails: /5 minutes/,
  },
  {
    title: 'a timer after a while',
    run: async () =>
      processSpecification(watch)
        .when(tick(9))
        .thenOutcome({ schedules: [{ id: 'tea', command: { name: 'Tea' }, in: '5 minutes' }] }),
  },
  {
    title: 'an end that does not come',
    run: async () => ordered.when(new Paid('1')).thenOutcome({ ...paid, ends: true }),
    fails: /ends: true/,
  },
  {
    title: 'an end that is not expected',
    run: async () => ordered.when(new ParcelSent('1')).thenNothing(),
    fails: /ends: true/,
  },
  {
    title: 'another state',
    run: async () =>
      ordered.when(new Paid('1')).thenOutcome({ ...paid, state: { amount: 40, isPaid: false } }),
    fails: /isPaid/,
  },
  {
    title: 'an expectation that does not exist',
    run: async () => ordered.when(new Paid('1')).thenOutcome({ send: [ship] } as object),
    fails: /send must be one of sends/,
  },
  {
    title: 'an event of no process',
    run: async () => processSpecification(fulfilment).when(new Ordered('no')).thenIgnored(),
  },
  {
    title: 'a late event',
    run: async () => ordered.given(new ParcelSent('1')).when(new Paid('1')).thenIgnored(),
  },
  {
    title: 'an event that is not ignored',
    run: async () => ordered.when(new Paid('1')).thenIgnored(),
    fails: /its process has handled it/,
  },
  {
    title: 'outputs of an event that is ignored',
    run: async () => ordered.given(new ParcelSent('1')).when(new Paid('1')).thenOutcome(paid),
    fails: /the event is ignored: its process has ended/,
  },
  {
    title: 'an event of another process',
    run: async () => ordered.given(new ParcelSent('2')).when(new Paid('1')).thenOutcome(paid),
  },
  {
    title: 'a beginning that two cases share',
    run: async () => {
      await ordered.when(new Paid('1')).thenOutcome(paid);
      await ordered.when(new ParcelSent('1')).thenOutcome({ ends: true });
    },
  },
  {
    title: 'streams, times and metadata of events',
    run: async () =>
      processSpecification(watch)
        .on('clock/1')
        .at(new Date('2026-01-01'))
        .given(tick(), tick())
        .on('clock/2')
        .given(tick())
        .on('clock/1')
        .when(withMetadata(tick(), { actor: 'ada' }))
        .thenOutcome({
          state: {
            seen: [
              'clock/1 1 2026-01-01T00:00:00.000Z nobody',
              'clock/1 2 2026-01-01T00:00:01.000Z nobody',
              'clock/1 3 2026-01-01T00:00:03.000Z ada',
            ],
          },
        }),
  },
  {
    title: 'a state by a predicate',
    run: async () => ordered.when(new Paid('1')).thenState(({ isPaid }) => isPaid),
  },
  {
    title: 'another state by a predicate',
    run: async () => ordered.when(new Paid('1')).thenState(({ amount }) => amount === 41),
    fails: /the check of the state returned false/,
  },
  {
    title: 'an error by class',
    run: async () => processSpecification(watch).when(tick(-1)).thenError(RangeError),
  },
  {
    title: 'another error',
    run: async () => processSpecification(watch).when(tick(-1)).thenError('greater'),
    fails: /another error/,
  },
  {
    title: 'an error, but there was none',
    run: async () => processSpecification(watch).when(tick()).thenError(),
    fails: /expected an error, but the event was handled/,
  },
  {
    title: 'outputs, but there was an error',
    run: async () => processSpecification(watch).when(tick(-1)).thenNothing(),
    fails: /failed with RangeError: -1 is less than 0/,
  },
  {
    title: 'an error at a given event',
    run: async () => processSpecification(watch).given(tick(-1)).when(tick()).thenError(),
    fails: /^-1 is less than 0/,
  },
  {
    title: 'a state that is changed in place',
    run: async () =>
      processSpecification(watch)
        .when(tick(7))
        .thenError(/not extensible/),
  },
  {
    title: 'an event that is none of its inputs',
    run: async () =>
      processSpecification(fulfilment)
        .when(new Confirmed('1') as never)
        .thenIgnored(),
    fails: /Confirmed is not registered/,
  },
  {
    title: 'a time that is no date',
    run: async () => void processSpecification(watch).at('today' as never),
    fails: /time must be a valid Date/,
  },
];
