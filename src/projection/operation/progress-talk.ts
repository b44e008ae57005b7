import { randomUUID } from 'node:crypto';
import type { Position } from '../../event/position.js';
import type { LogPeers } from '../../log/log-peers.js';
import { hasReached } from '../progress/lane-view.js';
import type { ProjectionState } from '../projection-status.js';
import type { LaneReport } from '../progress/lane-report.js';
import { decodeProgressWord, encodeProgressWord, type ProgressWord } from './progress-word.js';

/** How long an answer is owed, in milliseconds. Whoever waits asks again. */
const OWED_MS = 1_000;
/** How often somebody who waits asks, in milliseconds: word may be lost. */
export const ASK_AGAIN_MS = 250;

/** A lane in one of these states reaches nothing more. */
const HAS_ENDED: ReadonlySet<ProjectionState> = new Set(['failed', 'diverged']);

/** What is asked of the projections of this process. */
export interface TalkedOf {
  /** Somebody waits for a position: looks whether lanes that stand still have anything to do up to it. */
  confirm(work: string, position: Position, isAny: boolean): void;
  /** Which of the lanes of a work that this process owns stand still, and why. */
  halts(work: string): readonly string[];
  /** How the lanes of a work are that this process owns. */
  reports(work: string): readonly LaneReport[];
  /** Somebody has told how its lanes are. */
  told(work: string, lanes: readonly LaneReport[]): void;
  /** Controls or models have changed. */
  changed(): void;
}

/** What somebody waits for. */
export interface LaneQuestion {
  /** Undefined: how the lanes are at once. */
  readonly position: Position | undefined;
  /** Whether the projection may not read the event there. */
  readonly isAny: boolean;
}

interface Question {
  readonly position: string | undefined;
  readonly until: number;
}

/**
 * Lets processes wait for lanes that others own, without a poll: whoever waits asks, and owners answer as soon
 * as they are there.
 */
export class ProgressTalk {
  readonly #me = randomUUID();
  readonly #peers: LogPeers;
  readonly #of: TalkedOf;
  readonly #asked = new Map<string, Question[]>();
  /** The lanes that were told to stand still, by their work. */
  readonly #halts = new Map<string, string>();
  readonly #stopListening: () => void;

  constructor(peers: LogPeers, of: TalkedOf) {
    this.#peers = peers;
    this.#of = of;
    this.#stopListening = peers.listen((text) => this.#hear(decodeProgressWord(text)));
  }

  /** Asks the owners of a work's lanes to tell when they have reached a position; at once without one. */
  ask(work: string, { position, isAny }: LaneQuestion): void {
    this.#tell({ kind: 'asks', from: this.#me, work, position, isAny });
  }

  /** Tells that controls or models have changed. */
  tellChange(): void {
    this.#tell({ kind: 'changed', from: this.#me });
  }

  /** To be called after a lane of this process has moved. */
  moved(work: string): void {
    this.#tellHalts(work);
    const questions = this.#asked.get(work);
    if (questions !== undefined) this.#answer(work, questions);
  }

  /** Whoever waits is told at once when a lane comes to a halt, or goes on. */
  #tellHalts(work: string): void {
    const halts = this.#of.halts(work).join();
    if (halts === (this.#halts.get(work) ?? '')) return;
    this.#halts.set(work, halts);
    this.#tell({ kind: 'tells', from: this.#me, work, lanes: this.#of.reports(work) });
  }

  stop(): void {
    this.#stopListening();
  }

  #hear(word: ProgressWord | undefined): void {
    if (word === undefined || word.from === this.#me) return;
    if (word.kind === 'changed') return this.#of.changed();
    if (word.kind === 'tells') return this.#of.told(word.work, word.lanes);
    const questions = this.#asked.get(word.work) ?? [];
    if (word.position !== undefined) this.#of.confirm(word.work, word.position as Position, word.isAny);
    const others = questions.filter(({ position }) => position !== word.position);
    const question = { position: word.position, until: performance.now() + OWED_MS };
    this.#answer(word.work, [...others, question]);
  }

  /** Answers the questions that can be answered, and keeps the others for a while. */
  #answer(work: string, questions: readonly Question[]): void {
    const lanes = this.#of.reports(work);
    const isOver = (position: string | undefined): boolean =>
      position === undefined ||
      lanes.some(({ state }) => HAS_ENDED.has(state)) ||
      lanes.every((report) => hasReached(report, position as Position));
    const open = questions.filter(({ position }) => !isOver(position));
    if (lanes.length > 0 && open.length < questions.length)
      this.#tell({ kind: 'tells', from: this.#me, work, lanes });
    const now = performance.now();
    const owed = open.filter(({ until }) => until > now);
    if (owed.length === 0) this.#asked.delete(work);
    else this.#asked.set(work, owed);
  }

  #tell(word: ProgressWord): void {
    this.#peers.tell(encodeProgressWord(word));
  }
}
