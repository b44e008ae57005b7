import { type } from 'arktype';
import * as v from 'valibot';
import { z } from 'zod';
import { EventRegistry } from '../../src/event/event-registry.js';
import { Event } from '../../src/event/event-type.js';
import { eventType } from '../../src/event/plain-event-type.js';
import { EventRegistrationError, InvalidEventError } from '../../src/event/event-errors.js';

const SCHEMAS = {
  zod: z.object({ customer: z.string(), lines: z.array(z.object({ count: z.number() })) }),
  valibot: v.object({ customer: v.string(), lines: v.array(v.object({ count: v.number() })) }),
  arktype: type({ customer: 'string', lines: type({ count: 'number' }).array() }),
};

describe.each(Object.entries(SCHEMAS))('an event validated by a schema of %s', (_, schema) => {
  const placed = eventType({ name: 'OrderPlaced', schema });
  const registry = new EventRegistry([placed]);

  it('is stored as given', () => {
    const data = { customer: 'ada', lines: [{ count: 2 }] };
    expect(registry.encode(placed.create(data))).toEqual({ type: 'OrderPlaced', schemaVersion: 1, data });
  });

  it('is rejected with the path of the fault', () => {
    const data = { customer: 'ada', lines: [{ count: 2 }, { count: 'many' }] };
    const encode = (): unknown => registry.encode({ type: 'OrderPlaced', data });
    expect(encode).toThrow(InvalidEventError);
    expect(encode).toThrow(/^OrderPlaced is invalid: lines\.1\.count: /);
  });
});

describe('the schema of an event type', () => {
  it('validates instances of a class', () => {
    @Event('Moved', { schema: z.object({ x: z.number() }) })
    class Moved {
      constructor(readonly x: number) {}
    }
    const registry = new EventRegistry([Moved]);
    expect(registry.encode(new Moved(1)).data).toEqual({ x: 1 });
    expect(() => registry.encode(new Moved('1' as never))).toThrow(/Moved is invalid: x: /);
  });

  it('only validates: its transformed output is not stored', () => {
    const schema = z.object({ name: z.string().trim(), at: z.string().default('now') });
    const named = eventType({ name: 'Named', schema });
    expect(new EventRegistry([named]).encode(named.create({ name: ' ada ' })).data).toEqual({
      name: ' ada ',
    });
  });

  it('must be synchronous', () => {
    const late = eventType({ name: 'Late', schema: z.object({ x: z.string() }).refine(async () => true) });
    const encode = (): unknown => new EventRegistry([late]).encode(late.create({ x: 'y' }));
    expect(encode).toThrow(EventRegistrationError);
    expect(encode).toThrow(/Late: its schema is asynchronous/);
  });

  it('must be a Standard Schema, which the declaration checks', () => {
    expect(() => eventType({ name: 'Odd', schema: { parse: () => 1 } as never })).toThrow(
      /Odd: schema must be a Standard Schema/,
    );
  });
});
