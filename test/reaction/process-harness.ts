import { Event } from '../../src/event/event-type.js';
import { eventType } from '../../src/event/plain-event-type.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import type { StoredCommandData } from '../../src/event/own-event-types.js';
import { storedStream } from '../../src/event/stream-name.js';
import type { EventStore } from '../../src/event-store/event-store.js';
import { defineProcessManager } from '../../src/reaction/process/define-process-manager.js';
import type { ProcessManager } from '../../src/reaction/process/process-manager.js';
import type {
  CommandContext,
  CommandEncoder,
  ProcessPorts,
  ProcessTimers,
} from '../../src/reaction/process/process-ports.js';
import { processReactors } from '../../src/reaction/process/process-reactors.js';
import type { ReactionContext, ReactorDefinition } from '../../src/reaction/reactor/reactor-definition.js';
import { collect } from '../support/collect.js';

@Event('Ordered')
export class Ordered {
  constructor(
    readonly order: string,
    readonly amount = 1,
  ) {}
}

@Event('Paid')
export class Paid {
  constructor(readonly order: string) {}
}

@Event('ParcelSent')
export class ParcelSent {
  constructor(readonly order: string) {}
}

@Event('Confirmed')
export class Confirmed {
  constructor(readonly order: string) {}
}

export const Added = eventType<'Added', { to: string; n: number }>({ name: 'Added' });
export const EVENTS = [Ordered, Paid, ParcelSent, Confirmed, Added];

export interface Fulfilment {
  readonly amount: number;
  readonly isPaid: boolean;
}

/** Ordered → payment, with a limit in time; paid → parcel; sent → end. Orders named `no` belong to no process. */
export const fulfilment = defineProcessManager({
  name: 'fulfilment',
  events: [Ordered, Paid, ParcelSent],
  correlate: ({ data }) => (data.order === 'no' ? null : data.order),
  initial: (): Fulfilment => ({ amount: 0, isPaid: false }),
  react: (state, { data }, process) => {
    if (data instanceof Ordered) {
      process.send({ name: 'Charge', data: { order: process.id, amount: data.amount } });
      process.schedule('unpaid', { name: 'Cancel', data: { order: process.id } }, { at: new Date(5_000) });
      return { ...state, amount: data.amount };
    }
    if (data instanceof Paid) {
      process.cancel('unpaid');
      process.send({ name: 'Ship', data: { order: process.id } });
      process.publish(new Confirmed(process.id));
      return { ...state, isPaid: true };
    }
    process.end();
    return undefined;
  },
});

/** Sums what is added to an account. */
export const sum = defineProcessManager({
  name: 'sum',
  events: [Added],
  correlate: ({ data }) => data.to,
  initial: () => ({ sum: 0 }),
  react: (state, { data }) => ({ sum: state.sum + data.n }),
});

export function context(change: Partial<ReactionContext> = {}): ReactionContext {
  return {
    reactor: 'r',
    service: 's',
    attempt: 1,
    isRedriven: false,
    signal: new AbortController().signal,
    ...change,
  };
}

/** What a service sends: each list in the order of sending. */
export class SentOutputs implements ProcessPorts, ProcessTimers {
  commands: CommandEncoder | undefined;
  readonly executed: (StoredCommandData & { readonly id: string })[] = [];
  readonly timed: object[] = [];
  readonly timers: ProcessTimers = this;
  /** Called before each command is executed. */
  before: (command: StoredCommandData, given: CommandContext) => void = () => undefined;

  readonly execute = async (command: StoredCommandData, given: CommandContext): Promise<void> => {
    this.before(command, given);
    this.executed.push({ ...command, id: given.id });
  };

  async schedule(command: StoredCommandData, options: object): Promise<void> {
    this.timed.push({ command, ...options });
  }

  async cancel(id: string): Promise<void> {
    this.timed.push({ cancel: id });
  }
}

/** One instance of a service that runs process managers on a store. Its reactors are driven by hand. */
export class ProcessService {
  readonly sent: SentOutputs;
  readonly #store: EventStore;
  readonly #reactors: readonly ReactorDefinition[];

  constructor(store: EventStore, managers: readonly ProcessManager[], sent = new SentOutputs()) {
    this.#store = store;
    this.sent = sent;
    this.#reactors = processReactors(store, managers, sent);
  }

  /** Delivers an event to the first process manager, or to the one of that name. */
  async handle(event: RecordedEvent, name = this.#reactors[0]?.name): Promise<void> {
    await this.reactor(name).handle(event, context());
  }

  /** Delivers the outputs that are stored in a process's stream. */
  async sendAll(process: string, change: Partial<ReactionContext> = {}): Promise<void> {
    for (const event of await this.stored(process)) {
      const { events = [], handle } = this.reactor('process-outputs');
      if (events.some(({ name }) => name === event.type)) await handle(event, context(change));
    }
  }

  reactor(name: string | undefined): ReactorDefinition {
    return this.#reactors.find((one) => one.name === name) as ReactorDefinition;
  }

  async stored(process: string): Promise<RecordedEvent[]> {
    return collect(this.#store.read(storedStream('$process', process), { consistency: 'leader' }));
  }

  /** The events that were published, as a reactor gets them. */
  async published(): Promise<RecordedEvent[]> {
    return collect(this.#store.readAll({ categories: ['$bus'] }));
  }

  /** The state of a process; undefined for one that has not begun. */
  async state(process: string): Promise<unknown> {
    const last = (await this.stored(process)).at(-1);
    return (last?.data as { readonly state: unknown } | undefined)?.state;
  }
}

/** Stores an event, and reads it as a reactor gets it. */
export async function happened(store: EventStore, event: object, id = 'x'): Promise<RecordedEvent> {
  const { events } = await store.append(`order/${id}`, [event], { metadata: { correlationId: 'request-1' } });
  const recorded = await store.eventAt(events[0]?.position as never);
  return recorded as RecordedEvent;
}
