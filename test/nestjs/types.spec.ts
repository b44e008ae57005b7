// What must not compile: `tsc` fails on an expectation of an error that does not come.
import 'reflect-metadata';
import { HealthCheckService } from '@nestjs/terminus';
import { Event, eventType, type RecordedEvent } from 'jetsource';
import { type JetsourceHealthIndicator, LiveProjection, On, Projection } from 'jetsource/nestjs';

@Event('Placed')
class Placed {
  constructor(readonly customer: string) {}
}
@Event('Shipped')
class Shipped {
  constructor(readonly carrier: string) {}
}
const Cancelled = eventType<'Cancelled', { reason: string }>({ name: 'Cancelled' });

interface Tx {
  query(sql: string): Promise<unknown>;
}
interface Row {
  readonly state: string;
}

@Projection({ name: 'statements' })
class Statements {
  async clear(tx: Tx): Promise<void> {
    await tx.query('delete');
  }

  @On(Placed)
  async placed(event: RecordedEvent<Placed>, tx: Tx): Promise<void> {
    await tx.query(event.data.customer);
  }

  @On(Placed)
  short(): void {}

  @On(Placed)
  picked({ data }: Pick<RecordedEvent<Placed>, 'data'>, _tx: Tx): string {
    return data.customer;
  }

  @On(Placed, Cancelled)
  both(event: RecordedEvent<Placed | { reason: string }>, _tx: Tx): string {
    return event.type;
  }

  @On(Cancelled)
  plain(event: RecordedEvent<{ reason: string }>): string {
    return event.data.reason;
  }

  // @ts-expect-error the event of another type
  @On(Placed)
  other(_event: RecordedEvent<Shipped>, _tx: Tx): void {}

  // @ts-expect-error not the events of all its types
  @On(Placed, Shipped)
  one(_event: RecordedEvent<Placed>): void {}

  // @ts-expect-error plain data of another shape
  @On(Cancelled)
  shape(_event: RecordedEvent<{ carrier: string }>): void {}
}

// not run: these are refused then as well
function notRun(): object {
  class Refused {
    // @ts-expect-error no event type
    @On()
    none(): void {}

    // @ts-expect-error a text
    @On('Placed')
    text(): void {}

    // @ts-expect-error a field
    @On(Placed)
    readonly field = (): void => undefined;
  }
  return Refused;
}

@Projection({
  name: 'rows',
  table: 'orders',
  key: (event: RecordedEvent<Placed | Shipped>) => ('customer' in event.data ? event.data.customer : []),
})
class Rows {
  @On(Placed)
  placed(): Row {
    return { state: 'placed' };
  }

  @On(Shipped)
  shipped(row: Row | undefined, event: RecordedEvent<Shipped>): Row {
    return { ...row, state: event.data.carrier };
  }

  // @ts-expect-error the event of another type, after the row
  @On(Placed)
  other(row: Row | undefined, _event: RecordedEvent<Shipped>): Row | undefined {
    return row;
  }
}

// @ts-expect-error no clear()
@Projection({ name: 'statements' })
class WithoutClear {}

// @ts-expect-error a table without a key
@Projection({ name: 'rows', table: 'orders' })
class WithoutKey {}

// @ts-expect-error no reset()
@LiveProjection({ name: 'live' })
class WithoutReset {}

// @ts-expect-error a live model has no database
@LiveProjection({ name: 'live', store: 'db' })
class Live {
  reset(): void {}
}

declare const health: HealthCheckService;
declare const indicator: JetsourceHealthIndicator;

async function check(): Promise<string> {
  const result = await health.check([() => indicator.isHealthy('jetsource')]);
  return result.details.jetsource.status;
}

describe('the types of projection classes', () => {
  it('compile or do not, as expected above', () => {
    expect([Statements, Rows, WithoutClear, WithoutKey, WithoutReset, Live, check, notRun]).toHaveLength(8);
  });
});
