import { hostname } from 'node:os';
import { randomUUID } from 'node:crypto';
import { guardedObserver } from '../kernel/guarded-observer.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { Wakeup } from '../kernel/wakeup.js';
import type { LogPeers } from '../log/log-peers.js';
import type { RecordTable } from '../log/record-table.js';
import { laneKey, type LaneRef } from './lane-key.js';
import { type LaneRunnerOptions, type ResolvedLaneOptions, resolveLaneOptions } from './lane-options.js';
import { LaneSharing } from './lane-sharing.js';
import { type LaneMember, type LaneOwner, membersIn, ownersIn, type SeenLanes } from './lane-status.js';
import { decodeLaneWord, encodeLaneWord } from './lane-word.js';
import { checkWorks, type LaneWork } from './lane-work.js';

/** Rounds that others ask for follow each other no faster than this share of a renewal's time. */
const ROUNDS_A_RENEWAL = 40;

/**
 * Runs the lanes of works that several processes share. Each process is a *member*; a lane is run by the member
 * that owns its *lease*, a record beside the store. Lanes are spread over the members that run the same works,
 * and those of a member that stops or dies are taken over by the others.
 *
 * A lease decides who tries, no more: a process that was suspended may go on for a moment while another has
 * taken over. What the runs write has to be fenced.
 */
export class LaneRunner implements AsyncDisposable {
  readonly #options: ResolvedLaneOptions;
  readonly #peers: LogPeers;
  readonly #sharing: LaneSharing;
  readonly #id = randomUUID();
  readonly #listeners = new Set<() => void>();
  readonly #wakeup: Wakeup;
  /** Ends what is asked of the records. */
  readonly #ending = new AbortController();
  readonly #report: (error: unknown) => void;
  #works: readonly LaneWork[] = [];
  #isRoundWanted = false;
  #isFailing = false;
  #loop: Promise<void> | undefined;
  /** The last round, which may be under way. */
  #current: Promise<void> = Promise.resolve();
  #stopped: Promise<readonly LaneRef[]> | undefined;
  #ignorePeers: (() => void) | undefined;
  #cancelCertainty: (() => void) | undefined;
  #lastTold = '';

  /**
   * @param peers By which members tell each other of changes. Without, they see them with the next renewal.
   * @throws {@link InvalidOptionError} for options that cannot work.
   */
  constructor(records: RecordTable, peers: LogPeers, options: LaneRunnerOptions = {}) {
    this.#options = resolveLaneOptions(options);
    this.#peers = peers;
    this.#wakeup = new Wakeup(this.#options.clock);
    this.#report = guardedObserver('onError', this.#options.onError);
    this.#sharing = new LaneSharing({
      self: { id: this.#id, host: hostname(), pid: process.pid, startedAt: new Date().toISOString() },
      records,
      options: this.#options,
      onMoved: () => peers.tell(encodeLaneWord(this.#id)),
      onWanted: () => this.#wantRound(),
      onError: (error) => this.#tellError(error),
    });
  }

  /** Id of this member, new with each runner. */
  get id(): string {
    return this.#id;
  }

  /**
   * Joins the other members. Resolves after the first round: lanes that nobody owns are being run then, as far
   * as they are this member's share.
   *
   * @throws {@link InvalidOptionError} for works that cannot be shared, or a second call.
   * @throws {@link NatsError} when the first round fails. The runner is stopped then.
   */
  async start(works: readonly LaneWork[]): Promise<void> {
    checkWorks(works);
    if (this.#loop !== undefined || this.#stopped !== undefined) {
      const allowed = 'given once; make another LaneRunner';
      throw new InvalidOptionError({ option: 'works', given: works, allowed });
    }
    this.#works = works;
    this.#sharing.offer(works);
    this.#ignorePeers = this.#peers.listen((word) => {
      const from = decodeLaneWord(word);
      if (from !== undefined && from !== this.#id) this.#wantRound();
    });
    const first = this.#begin();
    this.#loop = first.then(
      async () => this.#rounds(),
      () => undefined,
    );
    try {
      await first;
    } catch (error) {
      // the caller has given up
      if (this.#stopped !== undefined) return;
      await this.stop();
      throw error;
    }
  }

  /**
   * Aborts the runs, waits for them, and gives the leases back, so that others take over at once. A lease whose
   * run does not end within `stopMs` is left to time out. Never rejects. Safe to call twice.
   *
   * @returns the lanes whose runs have not ended.
   */
  async stop(): Promise<readonly LaneRef[]> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /**
   * Runs lanes again whose runs have failed. Lanes that other members own are restarted there.
   *
   * @param lane @default all lanes of the work
   */
  restart(name: string, lane?: number): void {
    for (const held of this.#sharing.held.all)
      if (held.work === name && (lane === undefined || held.lane === lane)) held.restart();
  }

  /** The members that are alive, as the last round saw them. */
  members(): readonly LaneMember[] {
    return membersIn(this.#seen());
  }

  /** The owners of a work's lanes, as the last round saw them. */
  owners(work: string): readonly LaneOwner[] {
    const lanes = this.#works.find(({ name }) => name === work)?.lanes ?? 0;
    return ownersIn(this.#seen(), { name: work, lanes });
  }

  /**
   * Whether this member owns a lane and nobody can have taken it over. It cannot be sure of that when it could
   * not renew its record for `timeoutMs`. It goes on to run the lane, since what it writes is fenced; what
   * cannot be fenced has to wait.
   */
  isCertain(lane: LaneRef): boolean {
    return this.certainMs(lane) > 0;
  }

  /**
   * For how much longer {@link isCertain} is true if no renewal succeeds, in milliseconds; 0 when it is not. What
   * is asked of a server for a lane is to end by then.
   */
  certainMs(lane: LaneRef): number {
    // a lease that is being given back may be another's before the answer comes
    return this.#sharing.held.get(laneKey(lane))?.isEnding === true ? 0 : this.ownedMs(lane);
  }

  /**
   * For how much longer nobody else works on the lane if no renewal succeeds, in milliseconds; also while its run
   * is being ended, since the lease is given back after that.
   */
  ownedMs(lane: LaneRef): number {
    const held = this.#sharing.held.get(laneKey(lane));
    if (held?.isConfirmed !== true || held.hasEnded) return 0;
    return Math.max(0, this.#sharing.heartbeat.certainUntil - this.#options.clock.now());
  }

  /** Calls back when members, owners, failures or certainty have changed. @returns what stops that. */
  onChange(listener: () => void): () => void {
    const guarded = guardedObserver('onChange', listener);
    this.#listeners.add(guarded);
    return () => this.#listeners.delete(guarded);
  }

  async #rounds(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#ending;
    const pauseMs = this.#options.renewMs / ROUNDS_A_RENEWAL;
    while (!signal.aborted) {
      const begunAt = clock.now();
      await new Wakeup(clock).wait({ timeoutMs: pauseMs, signal });
      await this.#untilRoundIsDue(begunAt);
      if (!signal.aborted) await this.#begin().catch((error: unknown) => this.#tellError(error));
    }
  }

  /** A failed round is not repeated faster than a renewal. */
  async #untilRoundIsDue(begunAt: number): Promise<void> {
    const { clock, renewMs } = this.#options;
    const dueAt = this.#isFailing ? begunAt + renewMs : this.#sharing.nextRoundAt;
    while (!this.#isRoundWanted && !this.#ending.signal.aborted && clock.now() < dueAt)
      await this.#wakeup.wait({ timeoutMs: dueAt - clock.now(), signal: this.#ending.signal });
  }

  async #begin(): Promise<void> {
    this.#current = this.#round();
    return this.#current;
  }

  async #round(): Promise<void> {
    this.#isRoundWanted = false;
    try {
      await this.#sharing.round(this.#ending.signal);
      this.#isFailing = false;
    } finally {
      this.#watchCertainty();
      this.#tellChange();
    }
  }

  #wantRound(): void {
    this.#isRoundWanted = true;
    this.#wakeup.wake();
  }

  /** Certainty ends by itself, at a time that is known. */
  #watchCertainty(): void {
    this.#cancelCertainty?.();
    const { certainUntil } = this.#sharing.heartbeat;
    const leftMs = certainUntil - this.#options.clock.now();
    // a timer may come a fraction early
    if (leftMs > 0 && !this.#ending.signal.aborted)
      this.#cancelCertainty = this.#options.clock.after(leftMs + 1, () => this.#tellChange());
  }

  async #stop(): Promise<readonly LaneRef[]> {
    const { clock, stopMs, timeoutMs } = this.#options;
    // nothing is taken any more, while the leases are renewed until their runs have ended
    this.#sharing.offer([]);
    this.#wantRound();
    const { held } = this.#sharing;
    const release = new AbortController();
    const givenBack = Promise.allSettled(
      held.all.map(async (lane) => this.#sharing.giveBack(lane, release.signal)),
    );
    await this.#within(stopMs, Promise.all([...held.all.map(async (lane) => lane.end()), held.lostEnded()]));
    const left = held.running;
    // after this long, others take over what could not be given back
    const cancelRelease = clock.after(timeoutMs, () => release.abort());
    // a round may still take something, and gives it back at once
    if (left.length === 0) await this.#within(timeoutMs, Promise.allSettled([givenBack, this.#current]));
    this.#ending.abort();
    await this.#loop;
    // the record of a member that still works on something is left to time out
    const leaving = left.length === 0 ? this.#sharing.heartbeat.leave(release.signal) : Promise.resolve();
    await this.#within(timeoutMs, leaving);
    release.abort();
    cancelRelease();
    this.#peers.tell(encodeLaneWord(this.#id));
    this.#cancelCertainty?.();
    this.#ignorePeers?.();
    this.#tellChange();
    return left;
  }

  /** Resolves when the work has ended, however it does, or the time is up. */
  async #within(timeoutMs: number, work: Promise<unknown>): Promise<void> {
    const ended = new Wakeup(this.#options.clock);
    const wait = ended.wait({ timeoutMs });
    work.then(
      () => ended.wake(),
      () => ended.wake(),
    );
    await wait;
  }

  /** A round that keeps failing for one reason tells it once. */
  #tellError(error: unknown): void {
    if (this.#isFailing || this.#ending.signal.aborted) return;
    this.#isFailing = true;
    this.#report(error);
  }

  #tellChange(): void {
    const { held, heartbeat } = this.#sharing;
    const lanes = held.all.map(({ key, hasFailed, isConfirmed }) => [key, hasFailed, isConfirmed]);
    const { members, leases } = this.#sharing.view;
    const owners = [...leases].map(([key, { lease }]) => `${key} ${lease?.member ?? ''}`).toSorted();
    const alive = [...members.keys()].filter((id) => !this.#sharing.isDead(id)).toSorted();
    const told = JSON.stringify([heartbeat.isCertain, lanes, owners, alive]);
    if (told === this.#lastTold) return;
    this.#lastTold = told;
    for (const listener of [...this.#listeners]) listener();
  }

  #seen(): SeenLanes {
    const { view } = this.#sharing;
    return { view, self: this.#id, isDead: (id) => this.#sharing.isDead(id) };
  }
}
