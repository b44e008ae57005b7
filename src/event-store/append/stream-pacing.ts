import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';

/** Streams that are watched. */
const MAX_STREAMS = 10_000;
/** How long commits may follow each other before a pause, in milliseconds. */
const RUN_MS = { alone: 100, contended: 10 };
/** A gap between two appends that is a pause by itself. */
const GAP_MS = 3;
/** The pause of a writer that seems to be alone: it costs 2 %, and lets another one show itself. */
const PROBE_MS = 2;
/** The pause under contention, spread evenly: long enough for the others, who try every 1 to 10 ms. */
const YIELD_MS = { min: 2, max: 8 };
/** How long a conflict counts. */
const CONTENTION_MS = 2_000;

interface Run {
  /** When its commits began to follow each other. */
  since: number;
  /** When the last one was stored. */
  lastAt: number;
  resumeAt: number;
  contendedUntil: number;
}

/**
 * Shares hot streams among processes. Whoever has stored the last commit knows the end of the stream and needs one round trip for the next one;
 * all others have to read it first, and would lose for ever. So a writer lets go for some milliseconds after it has gone on for a while: rarely
 * while it is alone, often when it has met others.
 */
export class StreamPacing {
  readonly #runs = new LRUCache<string, Run>({ max: MAX_STREAMS });

  /** Waits out a pause. @returns whether others are likely to have written meanwhile. */
  async pause(stream: string, deadline: Deadline): Promise<boolean> {
    const run = this.#runs.get(stream);
    if (run === undefined) return false;
    const now = performance.now();
    const waitMs = Math.min(run.resumeAt - now, deadline.leftMs);
    if (waitMs <= 0) {
      if (now - run.lastAt > GAP_MS) run.since = now;
      return false;
    }
    await sleep(waitMs, deadline.signal);
    return run.contendedUntil > now;
  }

  /** A commit was stored. */
  won(stream: string): void {
    const now = performance.now();
    const run = this.#runOf(stream, now);
    run.lastAt = now;
    const isContended = run.contendedUntil > now;
    if (now - run.since < (isContended ? RUN_MS.contended : RUN_MS.alone)) return;
    const pauseMs = isContended ? YIELD_MS.min + Math.random() * (YIELD_MS.max - YIELD_MS.min) : PROBE_MS;
    run.resumeAt = now + pauseMs;
    run.since = run.resumeAt;
  }

  /** Another writer was first. */
  lost(stream: string): void {
    const now = performance.now();
    const run = this.#runOf(stream, now);
    run.contendedUntil = now + CONTENTION_MS;
    run.since = now;
  }

  #runOf(stream: string, now: number): Run {
    const known = this.#runs.get(stream);
    if (known !== undefined) return known;
    const run = { since: now, lastAt: now, resumeAt: 0, contendedUntil: 0 };
    this.#runs.set(stream, run);
    return run;
  }
}
