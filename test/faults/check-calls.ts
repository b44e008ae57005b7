import { readFileSync } from 'node:fs';
import { slotOf } from '../../src/event/slot.js';
import { streamName } from '../../src/event/stream-name.js';
import { slotsOfLane } from '../../src/lane/lane-slots.js';
import { type Noter, NOTERS, TIMEOUT_MS } from './noters.js';

/** An event of the log, as far as reactors were to handle it. */
export interface Logged {
  readonly stream: string;
  readonly version: number;
  readonly position: string;
}

/** What the calls of all instances came to. */
export interface CallsReport {
  /** What must not be. */
  readonly faults: readonly string[];
  /** Calls with an event that had been handled to its end before, by what explains that. */
  readonly repeated: ReadonlyMap<string, number>;
  /** Calls with events of a redrive that had been handled to their end before. */
  readonly redrivenTwice: number;
  /** How long nobody handled a lane after the kill of its owner, in milliseconds; sorted. */
  readonly takeOvers: readonly number[];
  readonly calls: number;
  readonly failed: number;
  /** `<reactor> <stream> <version>` of the events that were handled. */
  readonly handled: ReadonlySet<string>;
  /** What instances said of themselves beside calls, with how often. */
  readonly said: ReadonlyMap<string, number>;
}

interface Done {
  readonly pid: string;
  readonly at: number;
  readonly tookMs: number;
}

interface Disturbance {
  readonly at: number;
  readonly pid: string;
  readonly what: string;
}

/** A take-over is measured where nothing else happened for so long, in milliseconds. */
const APART_MS = 6_000;
const LONG_AGO = -1;

/** The calls in the order in which they were noted. */
export class CallsCheck {
  readonly #faults: string[] = [];
  readonly #repeated = new Map<string, number>();
  readonly #done = new Map<string, Done>();
  readonly #parked = new Set<string>();
  readonly #open = new Map<string, { readonly pid: string; readonly line: string; readonly at: number }>();
  /** Calls that were running when their process was suspended, by process. */
  readonly #loose = new Set<string>();
  readonly #failed = new Map<string, string>();
  readonly #disturbances: Disturbance[] = [];
  readonly #byLane = new Map<string, { readonly pid: string; readonly at: number }[]>();
  readonly #said = new Map<string, number>();
  #calls = 0;
  #failures = 0;
  #redrivenTwice = 0;
  readonly #isParked: (key: string) => boolean;
  readonly #keysAt = new Map<string, string[]>();

  /** @param parkedAtEnd `<reactor> <position>` of the events that were parked at the end. */
  constructor(log: readonly Logged[], parkedAtEnd: ReadonlySet<string>) {
    const positions = new Map<string, string>();
    for (const { stream, version, position } of log) {
      const [sequence = ''] = position.split('.');
      positions.set(`${stream} ${version}`, position);
      this.#keysAt.set(sequence, [...(this.#keysAt.get(sequence) ?? []), `${stream} ${version}`]);
    }
    this.#isParked = (key) => {
      const [reactor, ...event] = key.split(' ');
      return parkedAtEnd.has(`${reactor} ${positions.get(event.join(' '))}`);
    };
  }

  read(file: string): CallsReport {
    for (const line of readFileSync(file, 'utf8').split('\n')) if (line !== '') this.#take(line);
    return {
      faults: this.#faults,
      repeated: this.#repeated,
      redrivenTwice: this.#redrivenTwice,
      takeOvers: this.#takeOvers(),
      calls: this.#calls,
      failed: this.#failures,
      handled: new Set(this.#done.keys()),
      said: this.#said,
    };
  }

  #take(line: string): void {
    const [time = '', pid = '', what = '', ...words] = line.split(' ');
    const at = Number(time);
    const key = words.join(' ');
    switch (what) {
      case 'begin':
        return this.#begin({ at, pid, key, line });
      case 'done':
        return this.#end({ at, pid, key });
      case 'failed':
        this.#failures += 1;
        this.#failed.set(key, pid);
        return this.#close(pid, key);
      case 'parked':
        for (const event of this.#keysAt.get(words[1] ?? '') ?? []) this.#parked.add(`${words[0]} ${event}`);
        return;
      case 'redriven':
        this.#calls += 1;
        if (this.#done.has(key)) this.#redrivenTwice += 1;
        return;
      case 'redone':
        return void this.#done.set(key, { pid, at, tookMs: 0 });
      case 'killed':
      case 'suspended':
      case 'stalled':
        this.#disturbances.push({ at, pid, what });
        for (const [stream, { pid: owner, line: begun }] of this.#open)
          if (owner === pid) {
            this.#open.delete(stream);
            if (what !== 'killed') this.#loose.add(begun.split(' ').slice(1).join(' '));
          }
        return;
      case 'restarted':
        this.#disturbances.push({ at, pid: '*', what });
        return;
      default:
        return this.#say(what, key);
    }
  }

  #say(what: string, text: string): void {
    const said = `${what} ${text.replaceAll(/\d+/g, 'N').slice(0, 200)}`;
    this.#said.set(said, (this.#said.get(said) ?? 0) + 1);
  }

  #begin({ at, pid, key, line }: { at: number; pid: string; key: string; line: string }): void {
    this.#calls += 1;
    const [reactor = '', stream = '', version = ''] = key.split(' ');
    const own = `${reactor} ${stream}`;
    const beside = this.#open.get(own);
    if (beside !== undefined) this.#faults.push(`${line} beside ${beside.line}`);
    this.#open.set(own, { pid, line, at });
    const done = this.#done.get(key);
    if (done !== undefined) this.#noteRepeated(done, at, line);
    const before = `${own} ${Number(version) - 1}`;
    if (Number(version) > 1 && !this.#isOver(before))
      this.#faults.push(`${line} while ${before} is not over`);
  }

  #isOver(key: string): boolean {
    if (this.#done.has(key) || this.#parked.has(key)) return true;
    // it was parked by a process that was killed before it could say so
    const pid = this.#failed.get(key);
    return this.#isParked(key) && this.#disturbances.some((each) => each.pid === pid);
  }

  #noteRepeated(done: Done, at: number, line: string): void {
    const why =
      done.tookMs >= TIMEOUT_MS
        ? 'timed out'
        : (this.#disturbances.findLast(
            (each) =>
              (each.pid === done.pid || each.pid === '*') && each.at >= done.at - APART_MS && each.at <= at,
          )?.what ?? 'unexplained');
    this.#repeated.set(why, (this.#repeated.get(why) ?? 0) + 1);
    if (why === 'unexplained')
      this.#faults.push(`${line} was handled ${at - done.at} ms before by ${done.pid}, and nothing happened`);
  }

  #end({ at, pid, key }: { at: number; pid: string; key: string }): void {
    const [reactor = '', stream = ''] = key.split(' ');
    const open = this.#open.get(`${reactor} ${stream}`);
    const tookMs = open?.pid === pid ? at - open.at : LONG_AGO;
    this.#done.set(key, { pid, at, tookMs });
    this.#close(pid, key);
    const lane = laneOf(reactor, stream);
    const calls = this.#byLane.get(lane) ?? [];
    calls.push({ pid, at });
    this.#byLane.set(lane, calls);
  }

  #close(pid: string, key: string): void {
    const [reactor = '', stream = ''] = key.split(' ');
    if (this.#loose.delete(`${pid} begin ${key}`)) return;
    if (this.#open.get(`${reactor} ${stream}`)?.pid === pid) this.#open.delete(`${reactor} ${stream}`);
  }

  #takeOvers(): number[] {
    const took: number[] = [];
    for (const { at, pid, what } of this.#disturbances) {
      if (what !== 'killed') continue;
      if (this.#disturbances.some((other) => other.at !== at && Math.abs(other.at - at) < APART_MS)) continue;
      for (const calls of this.#byLane.values()) {
        const next = calls.findIndex((each) => each.at > at);
        const before = calls[next - 1];
        const first = calls[next];
        if (before?.pid === pid && first !== undefined) took.push(first.at - at);
      }
    }
    return took.toSorted((one, other) => one - other);
  }
}

const LANES = new Map(NOTERS.map((each) => [each.name, laneBySlot(each)]));

function laneBySlot({ lanes }: Noter): ReadonlyMap<number, number> {
  const bySlot = new Map<number, number>();
  for (let lane = 0; lane < lanes; lane += 1)
    for (const slot of slotsOfLane({ lane, lanes })) bySlot.set(slot, lane);
  return bySlot;
}

function laneOf(reactor: string, stream: string): string {
  return `${reactor} ${LANES.get(reactor)?.get(slotOf(streamName('fault', stream)))}`;
}
