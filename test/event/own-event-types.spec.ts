import { EventRegistrationError } from '../../src/event/event-errors.js';
import { EventRegistry } from '../../src/event/event-registry.js';
import { Event } from '../../src/event/event-type.js';
import { STORED_COMMAND } from '../../src/event/own-event-types.js';
import { eventType } from '../../src/event/plain-event-type.js';
import { recordedEvents } from '../../src/event/recorded-event.js';
import { commitOf } from './stored-commit.js';

@Event('Placed')
class Placed {}

describe("jetsource's own event types", () => {
  const registry = new EventRegistry([Placed]);
  const command = { type: '$command', data: { name: 'ship', data: { order: '42' } } };

  it('are known to every registry, and read back as they were stored', () => {
    expect(registry.encode(command)).toEqual({ ...command, schemaVersion: 1 });
    expect(registry.encode(STORED_COMMAND.create(command.data))).toEqual(registry.encode(command));
    expect(recordedEvents(commitOf([registry.encode(command)]), registry)[0]).toMatchObject(command);
    expect(registry.nameOf(STORED_COMMAND)).toBe('$command');
  });

  it('are not among the types of the user', () => {
    expect(registry.names).toEqual(['Placed']);
    expect(registry.handlerNames).toEqual(['onPlaced']);
  });

  it('have names that users cannot take, nor as an alias', () => {
    for (const declare of [
      () => eventType({ name: '$command' }),
      () => eventType({ name: '$mine' }),
      () => Event('$mine'),
      () => eventType({ name: 'Mine', aliases: ['$mine'] }),
    ]) {
      expect(declare).toThrow(EventRegistrationError);
      expect(declare).toThrow(/is reserved, since jetsource's own event types start with \$/);
    }
  });
});
