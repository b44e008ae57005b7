import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import type { Deadline } from './deadline.js';
import { sleep } from './sleep.js';

/** Keys that are watched. */
const MAX_KEYS = 10_000;
/** How long a conflict is remembered, in milliseconds. */
const MEMORY_MS = 10_000;
/** How long a writer that has met others goes on before it lets them in, in milliseconds. */
const TURN_MS = 40;
/** How long a writer that seems to be alone goes on, and how much it writes, before it lets others show up. */
const ALONE = { ms: 250, writes: 128 };
/** The shortest pause between two turns: so many milliseconds, and the time of so many writes. */
const PAUSE = { ms: 4, writes: 10 };
/** A gap between two writes that lets others in by itself, in milliseconds. */
const GAP_MS = 5;
/** How long a writer that meets others for the first time tries without pauses, to be noticed by them. */
const SHOW_UP_MS = 300;
/** Tries between two pauses: the first one may have much to read, the next ones are quick. */
const TRIES = 3;
/** Tries per millisecond. */
const RATE = { first: 0.1, least: 0.003, most: 0.25 };
/** What a turn adds to the rate, and what a conflict multiplies it by. */
const FASTER = 0.006;
const SLOWER = 0.75;

/** Writes of one key that follow each other. */
interface Turn {
  since: number;
  writes: number;
}

interface Pace {
  turn: Turn | undefined;
  wonAt: number;
  /** When the last conflict was met; undefined for none. */
  conflictAt: number | undefined;
  /** When the first conflict since the last write was met; undefined for none. */
  losingSince: number | undefined;
  /** Whether no others were met before that conflict. */
  isFirstContact: boolean;
  /** Tries since the last pause. */
  tries: number;
  /** Tries per millisecond. */
  rate: number;
  /** When the next try is due. */
  resumeAt: number;
}

/**
 * Spaces the tries of a writer of keys that others write too, where the first one wins. Whoever has won knows
 * the outcome first, and would win the next rounds as well. So writers take turns: one that has met others
 * goes on for some milliseconds, which costs no conflicts, and then waits as the others do.
 *
 * The rate of tries grows by a constant after a turn and shrinks by a factor after a conflict. Writers that
 * do the same get equal shares, whatever their number and the speed of the server.
 */
export class ContentionPace {
  readonly #paces = new LRUCache<string, Pace>({ max: MAX_KEYS });

  /** Whether the next try is not due yet, or others have written the key of late. */
  mayHaveToWait(key: string): boolean {
    const pace = this.#paces.get(key);
    if (pace === undefined) return false;
    const now = performance.now();
    return pace.resumeAt > now || isContended(pace, now);
  }

  /** Waits until the next try is due. @returns whether others are likely to have written since the last one. */
  async turn(key: string, deadline: Deadline): Promise<boolean> {
    const pace = this.#paces.get(key);
    if (pace === undefined) return false;
    const waitMs = pace.resumeAt - performance.now();
    if (waitMs > 0) await sleep(Math.min(waitMs, deadline.leftMs), deadline.signal);
    return pace.turn === undefined && isContended(pace, performance.now());
  }

  /** The key was written. */
  won(key: string): void {
    const now = performance.now();
    const pace = this.#paceOf(key);
    const { wonAt } = pace;
    pace.wonAt = now;
    pace.losingSince = undefined;
    pace.tries = 0;
    if (pace.turn === undefined || now - wonAt > GAP_MS) pace.turn = { since: now, writes: 0 };
    pace.turn.writes += 1;
    if (isContended(pace, now)) endContended(pace, pace.turn, now);
    else endAlone(pace, pace.turn, now);
  }

  /** Another writer was first. */
  lost(key: string): void {
    const now = performance.now();
    const pace = this.#paceOf(key);
    if (pace.losingSince === undefined) {
      pace.losingSince = now;
      pace.isFirstContact = !isContended(pace, now);
      if (pace.isFirstContact) pace.rate = RATE.first;
    }
    pace.conflictAt = now;
    pace.turn = undefined;
    pace.tries += 1;
    const isShowingUp = pace.isFirstContact && now - pace.losingSince < SHOW_UP_MS;
    if (isShowingUp || pace.tries < TRIES) {
      pace.resumeAt = now;
      return;
    }
    pace.tries = 0;
    pace.rate = Math.max(RATE.least, pace.rate * SLOWER);
    pace.resumeAt = now + pauseMs(pace.rate);
  }

  #paceOf(key: string): Pace {
    const known = this.#paces.get(key);
    if (known !== undefined) return known;
    const pace: Pace = {
      turn: undefined,
      wonAt: 0,
      conflictAt: undefined,
      losingSince: undefined,
      isFirstContact: true,
      tries: 0,
      rate: RATE.first,
      resumeAt: 0,
    };
    this.#paces.set(key, pace);
    return pace;
  }
}

function isContended({ conflictAt }: Pace, now: number): boolean {
  return conflictAt !== undefined && now - conflictAt < MEMORY_MS;
}

function endContended(pace: Pace, turn: Turn, now: number): void {
  if (now - turn.since < TURN_MS) return;
  pace.turn = undefined;
  pace.rate = Math.min(RATE.most, pace.rate + FASTER);
  pace.resumeAt = now + shortestPauseMs(turn, now) + pauseMs(pace.rate);
}

function endAlone(pace: Pace, turn: Turn, now: number): void {
  if (now - turn.since < ALONE.ms || turn.writes < ALONE.writes) return;
  pace.turn = undefined;
  pace.resumeAt = now + shortestPauseMs(turn, now);
}

/** Long enough for another writer to read the end and to write. */
function shortestPauseMs({ since, writes }: Turn, now: number): number {
  return Math.max(PAUSE.ms, (PAUSE.writes * (now - since)) / writes);
}

/** Spread evenly, so that writers do not march in step. */
function pauseMs(rate: number): number {
  return (2 * Math.random()) / rate;
}
