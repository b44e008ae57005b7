import { performance } from 'node:perf_hooks';
import { LRUCache } from 'lru-cache';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';

/** Streams that are watched. */
const MAX_STREAMS = 10_000;
/** How long commits may follow each other before a pause, in milliseconds. */
const RUN_MS = { alone: 100, contended: 25 };
/** A run under contention has this many commits at least, however slow the server is: changing hands costs more than a commit. */
const RUN_COMMITS = 16;
/** A gap between two appends that is a pause by itself. */
const GAP_MS = 3;
/** The pause of a writer that seems to be alone: it costs 2 %, and lets another one show itself. */
const PROBE_MS = 2;
/** The pause under contention, spread evenly: long enough for the others, who try every few milliseconds. */
const YIELD_MS = { min: 2, spread: 6 };
/** Another one has to read the stream before it can write: it needs some times as long as a commit takes. */
const YIELD_COMMITS = { min: 3, spread: 5 };
/** How long a conflict counts. */
const CONTENTION_MS = 2_000;

interface Run {
  /** When its commits began to follow each other, and how many there are. */
  since: number;
  commits: number;
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
      if (now - run.lastAt > GAP_MS) begin(run, now);
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
    run.commits += 1;
    const isContended = run.contendedUntil > now;
    if (now - run.since < (isContended ? RUN_MS.contended : RUN_MS.alone)) return;
    if (isContended && run.commits < RUN_COMMITS) return;
    run.resumeAt = now + (isContended ? yieldMs((now - run.since) / run.commits) : PROBE_MS);
    begin(run, run.resumeAt);
  }

  /** Another writer was first. */
  lost(stream: string): void {
    const now = performance.now();
    const run = this.#runOf(stream, now);
    run.contendedUntil = now + CONTENTION_MS;
    begin(run, now);
  }

  #runOf(stream: string, now: number): Run {
    const known = this.#runs.get(stream);
    if (known !== undefined) return known;
    const run = { since: now, commits: 0, lastAt: now, resumeAt: 0, contendedUntil: 0 };
    this.#runs.set(stream, run);
    return run;
  }
}

function begin(run: Run, at: number): void {
  run.since = at;
  run.commits = 0;
}

function yieldMs(commitMs: number): number {
  const even = Math.random();
  const commits = YIELD_COMMITS.min + even * YIELD_COMMITS.spread;
  return Math.max(YIELD_MS.min + even * YIELD_MS.spread, commits * commitMs);
}
