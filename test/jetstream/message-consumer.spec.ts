import { ConsumerSettingsError } from '../../src/jetstream/consume/consumer-errors.js';
import type { DeliveredMessage } from '../../src/jetstream/consume/delivered-message.js';
import { MessageConsumer } from '../../src/jetstream/consume/message-consumer.js';
import type { MessageConsumerOptions } from '../../src/jetstream/consume/message-consumer-options.js';
import { rejection } from '../support/collect.js';
import type { InMemoryConsumer } from '../support/in-memory-nats/in-memory-consumer.js';
import { InMemoryNats } from '../support/in-memory-nats/in-memory-nats.js';
import type { InMemoryStream } from '../support/in-memory-nats/in-memory-stream.js';
import { TestClock } from '../support/in-memory-nats/test-clock.js';

const NS_PER_MS = 1_000_000;
const ACK_WAIT_MS = 600;
const HEARTBEAT_MS = 100;
const DURABLE = {
  name: 'c',
  durable_name: 'c',
  ack_policy: 'explicit',
  deliver_policy: 'all',
  ack_wait: ACK_WAIT_MS * NS_PER_MS,
} as const;
const EPHEMERAL = { name: 'e', ack_policy: 'explicit', deliver_policy: 'all' } as const;

let nats: InMemoryNats;
let clock: TestClock;
let stream: InMemoryStream;
/** Bodies in the order in which their handling began. */
let begun: string[];
/** Those that are being handled, by their bodies. */
let open: Map<string, () => void>;
let problems: string[];
let notices: string[];
let consumers: MessageConsumer[];

beforeEach(() => {
  clock = new TestClock();
  nats = new InMemoryNats();
  stream = nats.jetStream.createStream({ name: 'LOG', subjects: ['log.>'] });
  begun = [];
  open = new Map();
  problems = [];
  notices = [];
  consumers = [];
});

afterEach(async () => {
  finish(...open.keys());
  await Promise.all(consumers.map(async (consumer) => consumer.stop(0)));
  await clock.settle();
  await nats.connection.close();
  clock.restore();
});

function add(...bodies: string[]): void {
  for (const body of bodies) stream.add('log.a', body);
}

/** Handled and acknowledged at once. */
async function acknowledge(message: DeliveredMessage): Promise<undefined> {
  begun.push(message.string());
  message.ack();
  return undefined;
}

/** Handled until {@link finish} says so. */
async function holdOpen(message: DeliveredMessage): Promise<undefined> {
  begun.push(message.string());
  await new Promise<void>((resolve) => open.set(message.string(), resolve));
  message.ack();
  return undefined;
}

/** The first is handled at once, so that others are held in advance; the others are held open. */
async function quickThenHeld(message: DeliveredMessage): Promise<undefined> {
  return message.string() === '1' ? acknowledge(message) : holdOpen(message);
}

function finish(...bodies: string[]): void {
  for (const body of bodies) open.get(body)?.();
  for (const body of bodies) open.delete(body);
}

async function start(options: Partial<MessageConsumerOptions> = {}): Promise<MessageConsumer> {
  const consumer = new MessageConsumer(nats.connection, {
    stream: 'LOG',
    config: DURABLE,
    bind: false,
    concurrency: 2,
    heartbeatMs: HEARTBEAT_MS,
    maxMessages: Infinity,
    handle: acknowledge,
    onProblem: (reason) => problems.push(reason),
    onNotice: (text) => notices.push(text),
    ...options,
  });
  await consumer.open();
  consumer.start();
  consumers.push(consumer);
  await clock.settle();
  return consumer;
}

function onServer(name = 'c'): InMemoryConsumer {
  const consumer = stream.consumers.get(name);
  if (consumer === undefined) throw new TypeError(`the server has no consumer ${name}`);
  return consumer;
}

function said(word: string): number[] {
  return onServer()
    .acknowledgements.filter((one) => one.word === word)
    .map(({ sequence }) => sequence);
}

function pulled(): number[] {
  return nats
    .published('$JS.API.CONSUMER.MSG.NEXT.>')
    .map(({ data }) => (JSON.parse(new TextDecoder().decode(data)) as { batch: number }).batch);
}

const bodies = (count: number): string[] => Array.from({ length: count }, (_, index) => `${index + 1}`);

describe('a MessageConsumer', () => {
  it('creates its consumer, and handles stored and new messages', async () => {
    add('1', '2');
    const consumer = await start();
    add('3');
    await clock.until('all are handled', () => begun.length === 3);
    await clock.settle();
    expect(onServer().settings).toMatchObject(DURABLE);
    expect(begun).toEqual(['1', '2', '3']);
    expect(said('+ACK')).toEqual([1, 2, 3]);
    expect([consumer.state, consumer.problem]).toEqual(['running', undefined]);
  });

  it('handles so many at a time, and no more', async () => {
    add(...bodies(6));
    await start({ handle: holdOpen });
    expect(begun).toEqual(['1', '2']);
    finish('1');
    await clock.settle();
    expect(begun).toEqual(['1', '2', '3']);
  });

  it('asks for as many as it handles, and holds none in advance that it cannot handle soon', async () => {
    add(...bodies(8));
    await start({ handle: holdOpen });
    expect(pulled()).toEqual([2]);
    clock.jump(1_000);
    finish('1');
    await clock.settle();
    expect(pulled()).toEqual([2, 1]);
    finish('2', '3');
    await clock.settle();
    expect(
      pulled()
        .slice(2)
        .reduce((sum, size) => sum + size, 0),
    ).toBe(2);
  });

  it('holds many in advance once it has seen that they are quick', async () => {
    await start({ handle: quickThenHeld });
    add(...bodies(20));
    await clock.until('the quick one is handled', () => begun.includes('1'));
    await clock.settle();
    expect(onServer().info()).toMatchObject({ num_ack_pending: 19 });
  });

  it('requests more messages as long as there are any', async () => {
    add(...bodies(200));
    await start();
    await clock.until('all are handled', () => begun.length === 200);
    expect(begun).toEqual(bodies(200));
  });

  it('asks again when a pull ran out', async () => {
    await start();
    await clock.pass(30_100);
    add('1');
    await clock.settle();
    expect(begun).toEqual(['1']);
    expect(problems).toEqual([]);
  });

  it('handles a message again that was handed back', async () => {
    let isFirst = true;
    add('1');
    await start({
      handle: async (message) => {
        begun.push(message.string());
        if (isFirst) message.nak();
        else message.ack();
        isFirst = false;
        return undefined;
      },
    });
    await clock.until('it came again', () => begun.length === 2);
    await clock.settle();
    expect([said('-NAK'), said('+ACK')]).toEqual([[1], [1]]);
  });

  it('takes no more than its number of messages', async () => {
    add(...bodies(5));
    await start({ maxMessages: 3, concurrency: 1 });
    await clock.until('they are handled', () => begun.length === 3);
    await clock.settle();
    expect(begun).toEqual(['1', '2', '3']);
    expect(pulled().reduce((sum, size) => sum + size, 0)).toBe(3);
  });
});

describe('a MessageConsumer of a process that is busy', () => {
  it('lets the event loop turn between messages that come faster than they are handled', async () => {
    add(...bodies(40));
    /** How many had been begun in each turn of the loop. */
    const turns: number[] = [];
    let isWatching = true;
    const watch = (): void => {
      turns.push(begun.length);
      if (isWatching) setImmediate(watch);
    };
    watch();
    await start({
      sole: { certainMs: () => 1_000 },
      handle: async (message) => {
        clock.jump(20);
        return acknowledge(message);
      },
    });
    await clock.until('all are handled', () => begun.length === 40);
    isWatching = false;
    const steps = turns.map((count, index) => count - (turns[index - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(4);
    expect(begun).toEqual(bodies(40));
  });

  it('begins nothing, and does not try to, while it may not be the only reader', async () => {
    let certainMs = 1_000;
    let asked = 0;
    add('1', '2');
    const sole = {
      certainMs: () => {
        asked += 1;
        return certainMs;
      },
    };
    await start({ sole, concurrency: 1, handle: holdOpen });
    await clock.until('one is handled, and one waits', () => begun.length === 1);
    certainMs = 0;
    finish('1');
    await clock.settle();
    asked = 0;
    await clock.pass(2_000);
    expect(begun).toEqual(['1']);
    // twice with each look at the claims
    expect(asked).toBeLessThan(30);
    certainMs = 1_000;
    await clock.pass(300);
    expect(begun).toEqual(['1', '2']);
  });

  it('holds many in advance where it is the only reader, however slow they are', async () => {
    add(...bodies(300));
    await start({ sole: { certainMs: () => 1_000 }, handle: holdOpen });
    expect(begun).toEqual(['1', '2']);
    expect(pulled()).toEqual([130]);
  });
});

describe('the claims of a MessageConsumer', () => {
  it('are renewed while a message is handled', async () => {
    add(...bodies(4));
    await start({ handle: holdOpen });
    await clock.pass(ACK_WAIT_MS * 5);
    expect(begun).toEqual(['1', '2']);
    expect(new Set(said('+WPI'))).toEqual(new Set([1, 2]));
    finish('1', '2');
    await clock.settle();
    expect(begun).toEqual(['1', '2', '3', '4']);
  });

  it('are given back on what waits when nothing is finished, and no more is asked for', async () => {
    await start({ handle: quickThenHeld });
    add(...bodies(6));
    await clock.until('two are held', () => open.size === 2);
    await clock.until('what waits is given back', () => said('-NAK').length > 0);
    await clock.settle();
    expect(said('-NAK')[0]).toBe(4);
    expect([onServer().waiting, begun]).toEqual([0, ['1', '2', '3']]);
    finish('2');
    await clock.until('it goes on', () => begun.length > 3);
    expect(begun).toEqual(['1', '2', '3', '4']);
    expect(problems).toEqual([]);
  });

  it('do not count what was given back as an attempt', async () => {
    const attempts: number[] = [];
    await start({
      handle: async (message) => {
        attempts.push(message.earlierAttempts);
        return quickThenHeld(message);
      },
    });
    add(...bodies(4));
    await clock.until('two are held', () => open.size === 2);
    await clock.until('the other is given back', () => said('-NAK').length === 1);
    finish('2', '3');
    await clock.until('it came again', () => begun.includes('4'));
    expect(attempts).toEqual([0, 0, 0, 0]);
  });

  it('are renewed at the pace of an ack_wait that was changed meanwhile, which is told', async () => {
    add('1');
    await start({ config: { ...DURABLE, ack_wait: 30_000 * NS_PER_MS }, handle: holdOpen });
    stream.consumers.delete('c');
    stream.createConsumer({ ...DURABLE });
    await clock.pass(3_000);
    expect(notices).toEqual([expect.stringMatching(/ack_wait.*30000 to 600 ms/)]);
    const before = said('+WPI').length;
    await clock.pass(ACK_WAIT_MS * 2);
    expect(said('+WPI').length - before).toBeGreaterThan(3);
  });

  it('that run out lead to no second call while the first one runs', async () => {
    add('1');
    await start({ handle: holdOpen });
    // the process is busy: nothing is renewed
    onServer().acknowledge(1, '-NAK');
    await clock.settle();
    expect(begun).toEqual(['1']);
    finish('1');
    await clock.settle();
    expect(said('+ACK')).toEqual([1]);
  });

  it('that ran out are not acted upon: what waited comes again', async () => {
    await start({ concurrency: 1, handle: quickThenHeld });
    add('1', '2', '3');
    await clock.until('one waits', () => open.size === 1);
    clock.jump(ACK_WAIT_MS * 2);
    finish('2');
    await clock.settle();
    expect(begun).toEqual(['1', '2']);
    onServer().acknowledge(3, '-NAK');
    await clock.until('it came again', () => begun.length === 3);
    expect(begun).toEqual(['1', '2', '3']);
  });

  it('leave no timer when the consumer is stopped', async () => {
    const before = clock.intervals;
    const consumer = await start();
    await consumer.stop(0);
    // the server has a timer of its own for a pull that waits
    nats.faults.disconnect();
    expect(clock.intervals).toBe(before);
  });

  it('are not renewed once the consumer is stopped', async () => {
    add('1');
    const consumer = await start({ handle: holdOpen });
    await consumer.stop(0);
    const before = said('+WPI').length;
    await clock.pass(ACK_WAIT_MS * 2);
    expect(said('+WPI')).toHaveLength(before);
  });

  it('are not renewed where nothing is acknowledged', async () => {
    add('1');
    await start({ config: { ...DURABLE, ack_policy: 'none' }, handle: holdOpen });
    await clock.pass(ACK_WAIT_MS * 2);
    expect(onServer().acknowledgements).toEqual([]);
  });
});

describe('messages of one key', () => {
  const keyOf = (message: DeliveredMessage): string => message.string()[0] ?? '';

  it('are handled in their order and one at a time, past which those of other keys go', async () => {
    add('a1', 'a2', 'b1', 'a3');
    await start({ keyOf, concurrency: 3, handle: holdOpen });
    expect(begun).toEqual(['a1', 'b1']);
    finish('b1');
    await clock.settle();
    expect(begun).toEqual(['a1', 'b1']);
    finish('a1');
    await clock.settle();
    finish('a2');
    await clock.settle();
    expect(begun).toEqual(['a1', 'b1', 'a2', 'a3']);
  });

  it('do not keep those of other keys from being asked for', async () => {
    add(...Array.from({ length: 20 }, (_, index) => `a${index}`), 'b1');
    await start({ keyOf, handle: holdOpen });
    await clock.settle();
    expect(begun).toEqual(['a0', 'b1']);
  });
});

describe('a MessageConsumer that loses its consumer', () => {
  it('creates it again, and reports what happened', async () => {
    add('1');
    const states: string[] = [];
    const consumer = await start({
      onProblem: (reason) => {
        problems.push(reason);
        states.push(consumer.state);
      },
    });
    await clock.until('it is handled', () => begun.length === 1);
    nats.faults.loseConsumer();
    expect(problems).toEqual([]);
    await clock.until('it noticed', () => problems.length === 1);
    expect(problems[0]).toContain('Consumer Deleted');
    expect([states, consumer.problem]).toEqual([['recovering'], problems[0]]);
    add('2');
    await clock.until('it goes on', () => begun.includes('2'));
    expect(consumer.state).toBe('running');
    expect(begun).toEqual(['1', '2']);
  });

  it('creates it again where it was', async () => {
    add('1', '2');
    await start();
    await clock.until('they are handled', () => begun.length === 2);
    await clock.pass(2_500);
    nats.faults.loseConsumer();
    add('3');
    await clock.until('it goes on', () => begun.includes('3'));
    expect(onServer().settings).toMatchObject({ deliver_policy: 'by_start_sequence', opt_start_seq: 3 });
  });

  it('loses nothing with a durable one that began with new messages, and has had none', async () => {
    add('1');
    await start({ config: { ...DURABLE, deliver_policy: 'new' } });
    nats.faults.loseConsumer();
    add('2');
    await clock.until('it goes on', () => begun.length === 1);
    expect(begun).toEqual(['2']);
  });

  it('continues with an ephemeral one, and handles nothing twice', async () => {
    add('1', '2');
    await start({ config: EPHEMERAL });
    await clock.until('they are handled', () => begun.length === 2);
    nats.faults.loseConsumer();
    add('3');
    await clock.until('it goes on', () => begun.includes('3'));
    expect(begun).toEqual(['1', '2', '3']);
  });

  it('does not handle a message twice that is being handled or waits', async () => {
    await start({ config: EPHEMERAL, handle: quickThenHeld });
    add('1', '2', '3', '4');
    await clock.until('two are held', () => open.size === 2);
    nats.faults.loseConsumer();
    await clock.until('it goes on', () => stream.consumers.has('e'));
    await clock.settle();
    finish('2', '3');
    await clock.settle();
    finish('4');
    await clock.settle();
    expect(begun).toEqual(['1', '2', '3', '4']);
    expect(onServer('e').info()).toMatchObject({ num_ack_pending: 0 });
  });

  it('notices by its silence', async () => {
    await start();
    nats.faults.fallSilent();
    await clock.pass(HEARTBEAT_MS * 4);
    expect(problems).toEqual(['it fell silent']);
    nats.faults.heal();
    add('1');
    await clock.until('it goes on', () => begun.length === 1);
  });

  it('notices that the connection was renewed', async () => {
    await start();
    nats.faults.disconnect();
    add('1');
    nats.faults.reconnect();
    await clock.until('it goes on', () => begun.length === 1);
    expect(problems).toEqual(['the connection was renewed']);
  });

  it('pauses longer and longer between tries', async () => {
    await start();
    nats.faults.refuse({ code: 400, err_code: 10099, description: 'broken' }, 'CONSUMER.INFO');
    nats.faults.loseConsumer();
    await clock.until('it tried three times', () => problems.length === 4);
    expect(problems.slice(1)).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('broken')));
    const tries = nats.published('$JS.API.CONSUMER.INFO.LOG.c').length;
    await clock.pass(100);
    expect(nats.published('$JS.API.CONSUMER.INFO.LOG.c').length - tries).toBeLessThan(2);
  });
});

describe('a MessageConsumer that is stopped', () => {
  it('hands back waiting messages, lets running handlers finish, and takes no more messages', async () => {
    const consumer = await start({ handle: quickThenHeld });
    add(...bodies(4));
    await clock.until('two are held', () => open.size === 2);
    const stopped = consumer.stop(5_000);
    await clock.until('what waits is handed back', () => said('-NAK').length === 1);
    expect(said('-NAK')).toEqual([4]);
    finish('2', '3');
    await stopped;
    await clock.settle();
    add('5');
    await clock.settle();
    expect(said('+ACK')).toEqual([1, 2, 3]);
    expect(begun).toEqual(['1', '2', '3']);
    expect(consumer.state).toBe('stopped');
    expect(stream.consumers.has('c')).toBe(true);
  });

  it('hands back a message that is not finished in time, and ignores its result', async () => {
    add('1');
    const consumer = await start({ handle: holdOpen });
    await consumer.stop(10);
    await clock.settle();
    expect(said('-NAK')).toEqual([1]);
    finish('1');
    await clock.settle();
    expect(said('+ACK')).toEqual([]);
  });

  it('removes an ephemeral consumer', async () => {
    const consumer = await start({ config: EPHEMERAL });
    await consumer.stop(0);
    await clock.settle();
    expect(stream.consumers.size).toBe(0);
  });

  it('may be stopped twice, and while it is without a consumer', async () => {
    const consumer = await start();
    nats.faults.refuse({ code: 400, err_code: 10099, description: 'broken' }, 'CONSUMER.INFO');
    nats.faults.loseConsumer();
    await clock.until('it tries', () => problems.length > 1);
    await consumer.stop(0);
    await consumer.stop(0);
    expect(consumer.state).toBe('stopped');
  });
});

describe('a MessageConsumer bound to a consumer that is managed elsewhere', () => {
  it('uses it as it is', async () => {
    stream.createConsumer({ ...DURABLE, max_deliver: 7 });
    add('1');
    const consumer = await start({ bind: true });
    await clock.until('it is handled', () => begun.length === 1);
    expect(nats.published('$JS.API.CONSUMER.CREATE.>')).toEqual([]);
    await consumer.stop(0);
    await clock.settle();
    expect(onServer().settings.max_deliver).toBe(7);
  });

  it('fails where there is none', async () => {
    expect(await rejection(start({ bind: true }))).toBeInstanceOf(ConsumerSettingsError);
  });

  it('waits for it to be made again when it is deleted', async () => {
    stream.createConsumer(DURABLE);
    await start({ bind: true });
    nats.faults.loseConsumer();
    await clock.until('it found none', () => problems.length === 2);
    stream.createConsumer(DURABLE);
    add('1');
    await clock.until('it goes on', () => begun.length === 1);
    expect(nats.published('$JS.API.CONSUMER.CREATE.>')).toEqual([]);
  });
});
