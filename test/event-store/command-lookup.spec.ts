import { streamName } from '../../src/event/stream-name.js';
import { LogEventStore } from '../../src/event-store/log-event-store.js';
import { InMemoryMessageLog } from '../../src/testing/in-memory/in-memory-message-log.js';
import { InMemoryStorage } from '../../src/testing/in-memory/in-memory-storage.js';
import { EventRegistry } from '../../src/event/event-registry.js';
import { rejection } from '../support/collect.js';
import { counted, ORDER_EVENTS } from '../support/order-events.js';

const order = streamName('order', '1');

/** A log that counts what it is asked, and whose leader shows what is after a sequence only later. */
class CountingLog extends InMemoryMessageLog {
  reads = 0;
  messages = 0;
  shown = Infinity;

  override async lastAtLeader(...args: Parameters<InMemoryMessageLog['lastAtLeader']>) {
    this.reads += 1;
    const message = await super.lastAtLeader(...args);
    return message !== undefined && message.sequence > this.shown ? undefined : message;
  }

  override async bySequences(...args: Parameters<InMemoryMessageLog['bySequences']>) {
    this.messages += args[0].length;
    return super.bySequences(...args);
  }

  override async bySequenceAtLeader(...args: Parameters<InMemoryMessageLog['bySequenceAtLeader']>) {
    this.reads += 1;
    return args[0] > this.shown ? undefined : super.bySequenceAtLeader(...args);
  }

  override async lastSequence(...args: Parameters<InMemoryMessageLog['lastSequence']>) {
    return Math.min(this.shown, await super.lastSequence(...args));
  }

  forget(): void {
    this.reads = 0;
    this.messages = 0;
  }
}

let storage: InMemoryStorage;
let log: CountingLog;
let store: LogEventStore;
let elsewhere: LogEventStore;

beforeEach(() => {
  storage = new InMemoryStorage();
  log = new CountingLog({ storage, name: 'in-memory' });
  store = open(log);
  elsewhere = open(new InMemoryMessageLog({ storage, name: 'in-memory' }));
});

function open(on: InMemoryMessageLog): LogEventStore {
  const registry = new EventRegistry(ORDER_EVENTS, {});
  return new LogEventStore(on, { name: 'shop', identity: storage.identity, registry });
}

async function fill(commands: number, from = elsewhere): Promise<void> {
  for (let n = 0; n < commands; n += 1) await from.append(order, counted(n), { commandId: `old-${n}` });
}

describe('a new command id', () => {
  it.each(['any', 'exists', 'exact'] as const)('costs no read once the stream is known: %s', async (kind) => {
    await fill(60);
    await store.append(order, counted(0), { commandId: 'first' });
    log.forget();
    for (let n = 0; n < 40; n += 1) {
      const expect = kind === 'exact' ? 61 + n : kind;
      await store.append(order, counted(n), { commandId: `new-${n}`, expect });
    }
    // an id may be taken for a known one
    expect(log.reads).toBeLessThanOrEqual(3);
  });

  it('costs no read from the first commit of the stream on', async () => {
    await fill(50, store);
    expect(log.reads).toBeLessThanOrEqual(2);
    expect(log.messages).toBe(0);
  });

  it('costs a read of what others have stored only', async () => {
    await fill(100);
    await store.append(order, counted(0), { commandId: 'first' });
    await elsewhere.append(order, counted(0), { commandId: 'theirs' });
    log.forget();
    await store.append(order, counted(0), { commandId: 'second' });
    expect(log.messages).toBeLessThanOrEqual(4);
  });

  it.each(['beQuiet', 'reconnect'] as const)(
    'costs a read of the last known commit only after the log was silent: %s',
    async (silence) => {
      await fill(100);
      await store.append(order, counted(0), { commandId: 'first' });
      log[silence]();
      log.forget();
      await store.append(order, counted(0), { commandId: 'second' });
      expect(log.messages).toBeLessThanOrEqual(2);
      log.forget();
      await store.append(order, counted(0), { commandId: 'third' });
      expect(log.reads).toBeLessThanOrEqual(1);
    },
  );

  it('costs no read for a repository that has forgotten older ones', async () => {
    await fill(60);
    await store.commitOfCommand(order, 'new', { upTo: 50 });
    log.forget();
    expect(await store.commitOfCommand(order, 'newer', { upTo: 50 })).toBeUndefined();
    expect(log.reads).toBe(0);
    expect(await store.commitOfCommand(order, 'old-3', { upTo: 50 })).toMatchObject({ firstVersion: 4 });
    expect(await store.commitOfCommand(order, 'old-55', { upTo: 50 })).toBeUndefined();
  });
});

describe('a command id that was used', () => {
  it('is found wherever it stands, also after the stream has moved and after a loss', async () => {
    await fill(40);
    for (const n of [0, 17, 39]) {
      expect(await store.append(order, counted(9), { commandId: `old-${n}` })).toMatchObject({
        version: n + 1,
        committed: false,
      });
    }
    await store.append(order, counted(0), { commandId: 'mine' });
    await elsewhere.append(order, counted(0), { commandId: 'theirs' });
    for (const commandId of ['mine', 'theirs', 'old-5']) {
      expect(await store.append(order, counted(9), { commandId })).toMatchObject({ committed: false });
    }
    log.loseEnd(40);
    // another history: the commit at the known end is another one
    await elsewhere.append(order, counted(0), { commandId: 'after' });
    await elsewhere.append(order, counted(0), { commandId: 'later' });
    await elsewhere.append(order, counted(0), { commandId: 'last' });
    for (const commandId of ['after', 'later', 'last']) {
      expect(await store.append(order, counted(9), { commandId })).toMatchObject({ committed: false });
    }
  });
});

describe('the command ids that were known before a loss', () => {
  it.each(['reconnect', 'beQuiet'] as const)(
    'are not those of a history that ends with the same command at the same sequence: %s',
    async (notice) => {
      for (const commandId of ['a', 'lost', 'last']) {
        await store.append(order, counted(0), { commandId });
      }
      log.loseEnd(1);
      log[notice]();
      await elsewhere.append(order, counted(0), { commandId: 'theirs' });
      await elsewhere.append(order, counted(0), { commandId: 'last' });
      expect(await store.append(order, counted(9), { commandId: 'theirs' })).toMatchObject({
        version: 2,
        committed: false,
      });
      expect(await store.append(order, counted(9), { commandId: 'lost' })).toMatchObject({
        version: 4,
        committed: true,
      });
    },
  );

  it('do not tell a repository that a command is new', async () => {
    for (const commandId of ['a', 'lost', 'last']) await store.append(order, counted(0), { commandId });
    log.loseEnd(1);
    log.beQuiet();
    await elsewhere.append(order, counted(0), { commandId: 'theirs' });
    expect(await store.commitOfCommand(order, 'theirs', { upTo: 2 })).toMatchObject({ firstVersion: 2 });
  });
});

describe('a transaction whose parts become visible one after the other', () => {
  const entries = ['1', '2', '3'].map((id) => ({ stream: streamName('order', id), events: counted(1) }));

  it('is reported whole to the second caller', async () => {
    const { entries: first } = await elsewhere.transact(entries, { commandId: 'c' });
    log.shown = 2;
    const again = store.transact(entries, { commandId: 'c' });
    setTimeout(() => (log.shown = Infinity), 30);
    const told = first.map((entry) => ({ ...entry, committed: false }));
    expect(await again).toEqual({ committed: false, entries: told });
  });

  it('has an unknown outcome when the rest does not show until the deadline', async () => {
    await elsewhere.transact(entries, { commandId: 'c' });
    log.shown = 2;
    expect(await rejection(store.transact(entries, { commandId: 'c', deadlineMs: 300 }))).toMatchObject({
      code: 'append-outcome-unknown',
      outcome: 'unknown',
    });
  });

  it('of which one was removed is not stored again', async () => {
    await elsewhere.transact(entries, { commandId: 'c' });
    storage.remove(2);
    expect(await rejection(store.transact(entries, { commandId: 'c' }))).toMatchObject({
      code: 'commit-removed',
      stream: 'order/2',
    });
  });
});
