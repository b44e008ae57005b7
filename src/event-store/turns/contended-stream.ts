import type { Deadline } from '../../kernel/deadline.js';
import { Wakeup } from '../../kernel/wakeup.js';

/** How long a process writes before it hands on, and how long a round of all takes, in milliseconds. */
const TURN_MS = { least: 5, most: 30, round: 1_000 };
/** A slow process goes on until it has written so often, or had the turn for so many milliseconds. */
const SLOW_TURN = { writes: 4, ms: 250 };
/** A process that has the turn and starts nothing for this long hands it on, in milliseconds. */
const IDLE_MS = 2;
/** One that takes longer for one write says that it still has the turn, and hands it on after that long. */
const BUSY_MS = { tell: 40, most: 2_000 };
/**
 * How long a waiting process hears nothing before it tries by itself: of somebody who has the turn (its
 * process may have ended, its word may be lost), and while nobody is known to have it (that long, or as long
 * as its last try took); each with a spread.
 */
const PATIENCE_MS = { holder: 100, nobody: 8 };
const SPREAD = { holder: 0.5, nobody: 2 };
/** Processes that wait say so again and again; those that do not are forgotten. */
const WANTS_MS = { again: 1_000, forgotten: 3_000 };
/** Other processes that are remembered. */
const MAX_OTHERS = 1_000;

/** What is told to the other processes of a stream. */
export interface TurnTeller {
  wants(): void;
  next(peer: string): void;
}

/** A request for a turn. */
export interface TurnRequest {
  /** Waiting takes half of the time that is left at most. */
  readonly deadline: Deadline;
  /** If another writer was first just now: how long the try took, in milliseconds. */
  readonly lostMs: number | undefined;
}

/** Permission to write once, from reading the end of the stream to the answer. */
export interface Admission {
  /** Whether others are likely to have written since this process has. */
  readonly othersWrote: boolean;
  /** To be called in any case. Does nothing the second time. */
  end(wrote: boolean): void;
}

interface Waiter {
  readonly woken: Wakeup;
  admission: Admission | undefined;
}

/**
 * The turns on one stream that several processes write. Whoever has written last knows the end and would win
 * each next round as well. So a process that loses says that it waits. The one that writes goes on for some
 * milliseconds and hands on to the one that has waited longest; that one reads the end once, and writes for
 * its turn. Inside a process one writer follows the other.
 *
 * Turns are advisory: guards keep writes right. Where word is lost, or a process ends in its turn, those who wait
 * try by themselves.
 */
export class ContendedStream {
  readonly #me: string;
  readonly #tell: TurnTeller;
  /** Other processes that wait, in the order in which they were heard, with when they were heard last. */
  readonly #others = new Map<string, number>();
  /** Writers of this process that wait. */
  readonly #own: Waiter[] = [];
  /** The process whose turn it is, as far as is known. */
  #holder: string | undefined;
  /** When somebody was last known to write. */
  #heardAt = -Infinity;
  #patienceMs = 0;
  /** How long a try takes here. */
  #tryMs = PATIENCE_MS.nobody;
  #turnSince = 0;
  #turnWrites = 0;
  #running: Admission | undefined;
  #runningSince = 0;
  #endedAt = -Infinity;
  #othersWrote = false;
  /** When this process has said that it waits, if it is on the list of the others. */
  #saidAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #usedAt = performance.now();

  /** @param me Name of this process. */
  constructor(me: string, tell: TurnTeller) {
    this.#me = me;
    this.#tell = tell;
  }

  /** Whether nobody has waited or written here for a while. */
  get isQuiet(): boolean {
    return (
      this.#own.length === 0 &&
      this.#running === undefined &&
      performance.now() - this.#usedAt > WANTS_MS.forgotten
    );
  }

  /** Resolves when it is this writer's turn, or waiting makes no more sense. Never rejects. */
  async admit(request: TurnRequest): Promise<Admission> {
    const now = performance.now();
    this.#usedAt = now;
    if (request.lostMs !== undefined) this.#noteLoss(request.lostMs, now);
    return this.#isFree(now, request) ? this.#start(now) : this.#wait(request);
  }

  /** Another process waits. */
  heardWants(peer: string): void {
    const now = performance.now();
    this.#usedAt = now;
    if (this.#others.size < MAX_OTHERS || this.#others.has(peer)) this.#others.set(peer, now);
    this.#advance();
  }

  /** It is the turn of that process now, or still. */
  heardNext(peer: string): void {
    const now = performance.now();
    this.#usedAt = now;
    if (peer === this.#me && !this.#isMine) this.#beginTurn(now);
    this.#passTo(peer, now);
    this.#advance();
  }

  get #isMine(): boolean {
    return this.#holder === this.#me;
  }

  #isBusy(now: number): boolean {
    return this.#running !== undefined && now - this.#runningSince < BUSY_MS.most;
  }

  #isOver(now: number): boolean {
    if (this.#others.size === 0) return false;
    const turnMs = Math.min(TURN_MS.most, Math.max(TURN_MS.least, TURN_MS.round / (this.#others.size + 1)));
    const usedMs = now - this.#turnSince;
    return usedMs >= turnMs && (this.#turnWrites >= SLOW_TURN.writes || usedMs >= SLOW_TURN.ms);
  }

  #isFree(now: number, { lostMs }: TurnRequest): boolean {
    const lost = lostMs !== undefined;
    if (this.#isBusy(now) || (this.#own.length > 0 && !lost)) return false;
    if (this.#isMine) return !this.#isOver(now);
    return !lost && (this.#holder === undefined || now - this.#heardAt > this.#patienceMs);
  }

  #noteLoss(lostMs: number, now: number): void {
    this.#othersWrote = true;
    this.#tryMs = Math.max(PATIENCE_MS.nobody, lostMs);
    if (!this.#isMine) this.#heard(now);
  }

  #heard(now: number): void {
    const [ms, spread] =
      this.#holder === undefined ? [this.#tryMs, SPREAD.nobody] : [PATIENCE_MS.holder, SPREAD.holder];
    this.#heardAt = now;
    this.#patienceMs = ms * (1 + Math.random() * spread);
  }

  #passTo(peer: string, now: number): void {
    this.#holder = peer;
    this.#others.delete(peer);
    if (peer === this.#me) this.#saidAt = undefined;
    else this.#othersWrote = true;
    this.#heard(now);
  }

  async #wait({ deadline, lostMs }: TurnRequest): Promise<Admission> {
    const waiter: Waiter = { woken: new Wakeup(), admission: undefined };
    if (lostMs !== undefined) this.#own.unshift(waiter);
    else this.#own.push(waiter);
    const woken = waiter.woken.wait({ timeoutMs: deadline.leftMs / 2, signal: deadline.signal });
    this.#advance();
    await woken;
    if (waiter.admission !== undefined) return waiter.admission;
    this.#own.splice(this.#own.indexOf(waiter), 1);
    return this.#start(performance.now());
  }

  #start(now: number): Admission {
    const admission = {
      othersWrote: this.#othersWrote,
      end: (wrote: boolean) => this.#end(admission, wrote),
    };
    this.#othersWrote = false;
    this.#running = admission;
    this.#runningSince = now;
    this.#arm(now);
    return admission;
  }

  #end(admission: Admission, wrote: boolean): void {
    if (this.#running !== admission) return;
    const now = performance.now();
    this.#running = undefined;
    this.#endedAt = now;
    this.#usedAt = now;
    if (wrote && !this.#isMine) this.#takeTurn(now);
    if (wrote) this.#turnWrites += 1;
    this.#advance();
  }

  /** Whoever has written while nobody was known to have the turn has it. */
  #takeTurn(now: number): void {
    this.#beginTurn(now);
    this.#say(this.#me, now);
  }

  #beginTurn(now: number): void {
    this.#turnSince = now;
    this.#turnWrites = 0;
  }

  #say(peer: string, now: number): void {
    this.#passTo(peer, now);
    this.#tell.next(peer);
  }

  /** Does what is due. */
  #advance(): void {
    const now = performance.now();
    if (this.#isMine) this.#useTurn(now);
    if (!this.#isMine) this.#awaitTurn(now);
    this.#arm(now);
  }

  #useTurn(now: number): void {
    if (this.#isBusy(now)) {
      if (this.#others.size > 0 && now - this.#heardAt >= BUSY_MS.tell) this.#say(this.#me, now);
      return;
    }
    this.#running = undefined;
    const isIdle = this.#own.length === 0 && now - this.#endedAt >= IDLE_MS;
    const next = isIdle || this.#isOver(now) ? this.#longestWaiting(now) : undefined;
    if (next !== undefined) this.#say(next, now);
    else this.#admitFirst(now);
  }

  #awaitTurn(now: number): void {
    if (this.#own.length === 0) return;
    if (this.#saidAt === undefined || now - this.#saidAt >= WANTS_MS.again) {
      this.#saidAt = now;
      this.#tell.wants();
    }
    if (this.#isBusy(now) || now - this.#heardAt < this.#patienceMs) return;
    this.#holder = undefined;
    this.#heard(now);
    this.#admitFirst(now);
  }

  #longestWaiting(now: number): string | undefined {
    for (const [peer, heardAt] of this.#others) {
      if (now - heardAt < WANTS_MS.forgotten) return peer;
      this.#others.delete(peer);
    }
    return undefined;
  }

  #admitFirst(now: number): void {
    const first = this.#own.shift();
    if (first === undefined) return;
    first.admission = this.#start(now);
    first.woken.wake();
  }

  /** Wakes up when something is due next. Those who wait keep the process alive by themselves. */
  #arm(now: number): void {
    clearTimeout(this.#timer);
    const due = this.#isMine ? this.#dueInTurn(now) : this.#dueInWait(now);
    if (due === undefined) return;
    // what has arrived meanwhile comes first: a busy process looks at its timers before its socket
    const wake = (): void => void setImmediate(() => this.#advance());
    this.#timer = setTimeout(wake, Math.max(1, due - now)).unref();
  }

  #dueInTurn(now: number): number | undefined {
    if (this.#isBusy(now)) {
      const tooLong = this.#runningSince + BUSY_MS.most;
      return this.#others.size > 0 ? Math.min(this.#heardAt + BUSY_MS.tell, tooLong) : tooLong;
    }
    return this.#others.size > 0 ? this.#endedAt + IDLE_MS : undefined;
  }

  #dueInWait(now: number): number | undefined {
    if (this.#own.length === 0) return undefined;
    const ownTry = this.#isBusy(now) ? this.#runningSince + BUSY_MS.most : this.#heardAt + this.#patienceMs;
    return Math.min(ownTry, (this.#saidAt ?? now) + WANTS_MS.again);
  }
}
