import { jest } from '@jest/globals';
import {
  type Admission,
  ContendedStream,
  type TurnRequest,
} from '../../../src/event-store/turns/contended-stream.js';
import { Deadline } from '../../../src/kernel/deadline.js';

/** What this process has told the others. */
let told: string[];
let stream: ContendedStream;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  told = [];
  stream = new ContendedStream('me', {
    wants: () => told.push('wants'),
    next: (peer) => told.push(`next ${peer}`),
  });
});

afterEach(() => jest.useRealTimers());

function request(lostMs?: number, signal?: AbortSignal): TurnRequest {
  return { deadline: new Deadline(15_000, signal), lostMs };
}

/** An admission that was asked for, and whether it has been given. */
function asked(lostMs?: number, signal?: AbortSignal): { admission: Admission | undefined } {
  const result: { admission: Admission | undefined } = { admission: undefined };
  void stream.admit(request(lostMs, signal)).then((admission) => (result.admission = admission));
  return result;
}

async function after(ms: number): Promise<void> {
  await jest.advanceTimersByTimeAsync(ms);
}

async function write(): Promise<void> {
  (await stream.admit(request())).end(true);
}

/** This process has the turn, has just written, and does so again and again for some milliseconds. */
async function writeFor(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1) {
    await write();
    await after(1);
  }
}

describe('a process that has lost', () => {
  it('says that it waits, and goes on when it is its turn', async () => {
    const waiting = asked(1);
    await after(1);
    expect(told).toEqual(['wants']);
    expect(waiting.admission).toBeUndefined();
    stream.heardNext('me');
    await after(0);
    expect(waiting.admission?.othersWrote).toBe(true);
  });

  it('waits on while others have the turn', async () => {
    const waiting = asked(1);
    for (let turn = 0; turn < 20; turn += 1) {
      stream.heardNext(turn % 2 === 0 ? 'a' : 'b');
      await after(30);
    }
    expect(waiting.admission).toBeUndefined();
  });

  it('says again that it waits: the word may have been lost', async () => {
    asked(1);
    for (let turn = 0; turn < 40; turn += 1) {
      stream.heardNext('a');
      await after(30);
    }
    expect(told).toEqual(['wants', 'wants']);
  });

  it('tries by itself when nobody says whose turn it is', async () => {
    const waiting = asked(1);
    await after(30);
    expect(waiting.admission).toBeDefined();
  });

  it('waits as long as its try has taken, at least, where nobody has said whose turn it is', async () => {
    const waiting = asked(400);
    await after(390);
    expect(waiting.admission).toBeUndefined();
    await after(900);
    expect(waiting.admission).toBeDefined();
  });

  it('tries by itself when the process whose turn it is has ended', async () => {
    stream.heardNext('dead');
    const waiting = asked(1);
    await after(90);
    expect(waiting.admission).toBeUndefined();
    await after(80);
    expect(waiting.admission).toBeDefined();
    waiting.admission?.end(true);
    expect(told).toEqual(['wants', 'next me']);
  });

  it('stops to wait as soon as its caller gives up', async () => {
    const caller = new AbortController();
    stream.heardNext('a');
    const waiting = asked(1, caller.signal);
    await after(1);
    caller.abort();
    await after(0);
    expect(waiting.admission).toBeDefined();
    waiting.admission?.end(false);
  });

  it('waits for half of the time that is left at most', async () => {
    let admission: Admission | undefined;
    stream.heardNext('a');
    void stream.admit({ deadline: new Deadline(1_000), lostMs: 1 }).then((given) => (admission = given));
    for (let turn = 0; turn < 12; turn += 1) {
      stream.heardNext('a');
      await after(40);
    }
    expect(admission).toBeUndefined();
    await after(40);
    expect(admission).toBeDefined();
  });
});

describe('a process that has the turn', () => {
  beforeEach(async () => {
    stream.heardNext('me');
    await write();
  });

  it('reads the end of the stream at its first write only', async () => {
    stream.heardWants('a');
    stream.heardNext('a');
    stream.heardNext('me');
    const first = await stream.admit(request());
    first.end(true);
    const second = await stream.admit(request());
    second.end(true);
    expect([first.othersWrote, second.othersWrote]).toEqual([true, false]);
  });

  it('goes on without an end while nobody waits', async () => {
    await writeFor(1_000);
    expect(told).toEqual([]);
  });

  it('hands on after some milliseconds to the one that waits longest, and waits itself', async () => {
    stream.heardWants('a');
    stream.heardWants('b');
    stream.heardWants('a');
    await writeFor(28);
    expect(told).toEqual([]);
    await writeFor(2);
    const waiting = asked();
    await after(0);
    expect(told).toEqual(['next a', 'wants']);
    expect(waiting.admission).toBeUndefined();
  });

  it('hands on soon when it has nothing more to write', async () => {
    stream.heardWants('a');
    expect(told).toEqual([]);
    await after(4);
    expect(told).toEqual(['next a']);
  });

  it('hands on at once what it does not need', async () => {
    stream.heardNext('a');
    stream.heardWants('b');
    await after(1_000);
    stream.heardNext('me');
    expect(told).toEqual(['next b']);
  });

  it('has the turn for some writes, also where a write takes long', async () => {
    stream.heardWants('a');
    for (let writes = 0; writes < 3; writes += 1) {
      const admission = await stream.admit(request());
      await after(45);
      expect(told).not.toContain('next a');
      admission.end(true);
    }
    expect(told).toContain('next a');
  });

  it('says that it still has the turn while a write takes long, but not for ever', async () => {
    stream.heardWants('a');
    const admission = await stream.admit(request());
    await after(1_900);
    expect(new Set(told)).toEqual(new Set(['next me']));
    await after(200);
    expect(told.at(-1)).toBe('next a');
    admission.end(true);
  });

  it('keeps it after a conflict with somebody who has tried out of turn', async () => {
    const again = await stream.admit(request(1));
    expect(again.othersWrote).toBe(true);
    expect(told).toEqual([]);
  });

  it('passes over processes that have not said for long that they wait', async () => {
    stream.heardNext('b');
    stream.heardWants('gone');
    await after(3_100);
    stream.heardWants('a');
    stream.heardNext('me');
    expect(told).toEqual(['next a']);
  });
});

describe('the writers of one process', () => {
  it('follow each other in its turn', async () => {
    const first = await stream.admit(request());
    const second = asked();
    const third = asked();
    await after(1);
    expect([second.admission, third.admission]).toEqual([undefined, undefined]);
    first.end(true);
    await after(0);
    expect(second.admission).toBeDefined();
    expect(third.admission).toBeUndefined();
    second.admission?.end(true);
    await after(0);
    expect(third.admission).toBeDefined();
  });

  it('do not wait for ever for one that does not end', async () => {
    await stream.admit(request());
    const second = asked();
    await after(2_100);
    expect(second.admission).toBeDefined();
  });
});

it('takes the turn by a write while nobody has it', async () => {
  stream.heardWants('a');
  await write();
  expect(told).toEqual(['next me']);
});

it('is quiet when nobody has written or waited for a while', async () => {
  stream.heardWants('a');
  expect(stream.isQuiet).toBe(false);
  await after(3_100);
  expect(stream.isQuiet).toBe(true);
});
