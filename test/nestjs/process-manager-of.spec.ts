import { eventType } from '../../src/event/plain-event-type.js';
import type { RecordedEvent } from '../../src/event/recorded-event.js';
import { ProcessManager } from '../../src/nestjs/process/process-manager.decorator.js';
import { processManagerOf } from '../../src/nestjs/cqrs/process/process-manager-of.js';
import { On } from '../../src/nestjs/projection/on.decorator.js';
import type { Process } from '../../src/reaction/process/process.js';
import { processSpecification } from '../../src/testing/process/process-specification.js';
import { Ordered, Paid, ParcelSent } from '../reaction/process-harness.js';

class Charge {
  constructor(
    readonly order: string,
    readonly amount: number,
  ) {}
}

const Reminded = eventType<'Reminded', { order: string }>({ name: 'Reminded' });

interface State {
  readonly amount: number;
  readonly reminders: number;
}

@ProcessManager({
  name: 'fulfilment',
  maxAttempts: 7,
  correlate: ({ data }: RecordedEvent<{ order: string }>) => data.order,
  initial: (): State => ({ amount: 0, reminders: 0 }),
})
class Fulfilment {
  readonly #fee: number;

  constructor(fee = 0) {
    this.#fee = fee;
  }

  @On(Ordered)
  ordered({ data }: RecordedEvent<Ordered>, state: State, process: Process): State {
    const amount = data.amount + this.#fee;
    process.send(new Charge(process.id, amount));
    return { ...state, amount };
  }

  @On(Reminded)
  async reminded(_: RecordedEvent<{ order: string }>, state: State): Promise<State> {
    return { ...state, reminders: state.reminders + 1 };
  }

  @On(Paid, ParcelSent)
  done(_: RecordedEvent<Paid | ParcelSent>, __: State, process: Process): void {
    process.end();
  }
}

const reminded = (order: string) => Reminded.create({ order });

describe('a process manager that is a class', () => {
  const spec = processSpecification(processManagerOf(new Fulfilment(2)));

  it('has the options of its decorator and the events of its methods', () => {
    expect(processManagerOf(new Fulfilment())).toMatchObject({
      name: 'fulfilment',
      maxAttempts: 7,
      events: [Ordered, Reminded, Paid, ParcelSent],
    });
  });

  it('calls the method of the event on the instance, with the state and the process', async () => {
    await expect(
      spec
        .when(new Ordered('1', 40))
        .thenOutcome({ sends: [new Charge('1', 42)], state: { amount: 42, reminders: 0 } }),
    ).resolves.toBeUndefined();
  });

  it('awaits its methods, and keeps the state where they return nothing', async () => {
    const state = { amount: 42, reminders: 2 };
    const history = spec.given(new Ordered('1', 40), reminded('1'), reminded('1'));
    await expect(history.when(new Paid('1')).thenOutcome({ ends: true, state })).resolves.toBeUndefined();
  });

  it.each([
    ['is not decorated', class Plain {}, /class Plain is no process manager/],
    ['has no methods for events', decorated(class Empty {}), /process manager Empty handles no event/],
    ['extends a decorated one only', class Sub extends Fulfilment {}, /class Sub is no process manager/],
    ['handles an event twice', decorated(twice()), /two methods of process manager Twice handle Ordered/],
  ])('is refused when it %s', (_, type, message) => {
    expect(() => processManagerOf(new type())).toThrow(message);
  });
});

function decorated<Type extends new () => object>(type: Type): Type {
  ProcessManager({ name: 'x', correlate: () => 'x', initial: () => ({}) })(type);
  return type;
}

function twice(): new () => object {
  class Twice {
    @On(Ordered)
    one(): void {}

    @On(Ordered)
    two(): void {}
  }
  return Twice;
}
