import type { JsonValue } from '../event/json-value.js';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import type { RecordTable } from '../log/record-table.js';
import { Wakeup } from '../kernel/wakeup.js';
import { HeldLane } from './held-lane.js';
import { HeldLanes } from './held-lanes.js';
import { Heartbeat } from './heartbeat.js';
import { LaneClaims } from './lane-claims.js';
import type { LaneRef } from './lane-key.js';
import type { ResolvedLaneOptions } from './lane-options.js';
import { type LaneView, readLaneView } from './lane-view.js';
import type { LaneWork } from './lane-work.js';
import { Liveness } from './liveness.js';
import type { MemberRecord } from './member-record.js';
import { type Candidate, planSpread } from './spread.js';

/** A renewal that is this much of its time early goes with what is done now. */
const NEARLY_DUE = 0.9;
/** How often the records are looked at again that lag, and the pause before, in milliseconds. */
const LOOKS = 5;
const LOOK_PAUSE_MS = 20;
/** In characters. */
const LONGEST_REPORT = 65_536;

/** What a member runs, and which lanes it neither takes nor gives. */
type Offer = Pick<MemberRecord, 'works' | 'stuck'>;

/** The member that a process is. */
export interface Self {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** ISO 8601. */
  readonly startedAt: string;
}

/** What one member needs to share lanes with others. */
export interface LaneSharingParts {
  readonly self: Self;
  readonly records: RecordTable;
  readonly options: ResolvedLaneOptions;
  /** Told when others should look at the records. */
  readonly onMoved: () => void;
  /** Told when the records have to be looked at by this member. */
  readonly onWanted: () => void;
  /** Told of what went wrong beside the rounds. */
  readonly onError: (error: unknown) => void;
}

/** One member's part in sharing lanes, done in rounds: renew, look, compare, take, hand over. */
export class LaneSharing {
  readonly heartbeat: Heartbeat;
  readonly held: HeldLanes;
  readonly #parts: LaneSharingParts;
  readonly #claims: LaneClaims;
  readonly #liveness: Liveness;
  #works: ReadonlyMap<string, LaneWork> = new Map();
  #view: LaneView = { members: new Map(), leases: new Map() };
  /** What the last renewal said, apart from the report. */
  #told = '';
  /** Whether the last round saw too little to judge by. */
  #isBlind = false;
  /** By the member's clock. */
  #waitsUntil = -Infinity;
  #givesUntil: Promise<void> | undefined;

  constructor(parts: LaneSharingParts) {
    const { self, records, options, onWanted } = parts;
    const { clock, timeoutMs } = options;
    this.#parts = parts;
    this.held = new HeldLanes(onWanted);
    this.#claims = new LaneClaims(records, self.id);
    this.#liveness = new Liveness(options);
    const onDoubt = (): void => {
      for (const held of this.held.all) held.isConfirmed = false;
    };
    this.heartbeat = new Heartbeat({ id: self.id, records, clock, timeoutMs, onDoubt });
  }

  /** What was seen last, with this member's own changes since. */
  get view(): LaneView {
    return this.#view;
  }

  /** When the next round is due, by the member's clock. */
  get nextRoundAt(): number {
    const renewalAt = this.heartbeat.sentAt + this.#parts.options.renewMs;
    return this.#isBlind ? renewalAt : Math.min(renewalAt, this.#liveness.nextDeathAt);
  }

  /** What the member runs from the next round on. */
  offer(works: readonly LaneWork[]): void {
    this.#works = new Map(works.map((work) => [work.name, work]));
  }

  isDead(id: string): boolean {
    return this.#liveness.isDead(id);
  }

  /** @throws {@link NatsError} when something is not answered. What was taken by then is kept. */
  async round(signal: AbortSignal): Promise<void> {
    const hasJoined = await this.#renew(signal);
    const view = await this.#look(signal);
    this.#isBlind = view === undefined;
    if (view === undefined) {
      // the records may be lost, this member's among them: the next round finds out
      this.#told = '';
    } else {
      this.#liveness.observe(this.#parts.options.clock.now(), this.#revisionsIn(view));
      this.#view = view;
    }
    await this.#confirmAll(view !== undefined, signal);
    const hasTaken = view !== undefined && (await this.#share(signal));
    if (hasJoined || hasTaken) this.#parts.onMoved();
  }

  /**
   * Ends the run on a lane and gives its lease back. A lease that cannot be given back times out with the
   * member, or is claimed again.
   */
  async giveBack(held: HeldLane, signal: AbortSignal): Promise<void> {
    await held.end();
    try {
      if (this.held.get(held.key) === held) await this.#claims.release(held, held.revision, signal);
    } finally {
      this.held.remove(held);
    }
    this.#view.leases.delete(held.key);
    this.#parts.onMoved();
  }

  /** A view that shows at least what this member has written; undefined where the records lag, or are lost. */
  async #look(signal: AbortSignal): Promise<LaneView | undefined> {
    const { records, options, self } = this.#parts;
    for (let tries = 0; ; tries += 1) {
      const view = await readLaneView(records, signal);
      if (view.members.get(self.id)?.revision === this.heartbeat.revision) return view;
      if (tries === LOOKS) return undefined;
      await new Wakeup(options.clock).wait({ timeoutMs: LOOK_PAUSE_MS, signal });
    }
  }

  /** @returns whether a lane was taken. */
  async #share(signal: AbortSignal): Promise<boolean> {
    if (this.#isWaiting) return false;
    const plan = planSpread(this.#situation());
    const hasTaken = await this.#takeAll(plan.take, signal);
    if (plan.give !== undefined) this.#handOver(plan.give, signal);
    return hasTaken;
  }

  /** @returns whether the member was not there before. */
  async #renew(signal: AbortSignal): Promise<boolean> {
    const { clock, renewMs } = this.#parts.options;
    const isNew = JSON.stringify(this.#offer()) !== this.#told;
    if (!isNew && clock.now() - this.heartbeat.sentAt < renewMs * NEARLY_DUE) return false;
    this.#told = '';
    let told = '';
    const record = (isBack: boolean): MemberRecord => {
      // who comes back may be the first to do so, and takes nothing until others can be back
      if (isBack) this.#waitsUntil = clock.now() + 2 * renewMs;
      const offer = this.#offer();
      told = JSON.stringify(offer);
      return this.#record(offer);
    };
    const renewed = await this.heartbeat.renew(record, signal);
    this.#told = told;
    return renewed !== 'renewed';
  }

  #record(offer: Offer): MemberRecord {
    const { options, self } = this.#parts;
    const { id: _, ...details } = self;
    return { ...details, ...offer, service: options.service, report: this.#report() };
  }

  #offer(): Offer {
    const works = this.#isWaiting ? [] : [...this.#works.values()];
    return {
      works: Object.fromEntries(works.map(({ name, lanes }) => [name, lanes])),
      stuck: this.held.stuck,
    };
  }

  get #isWaiting(): boolean {
    return this.#parts.options.clock.now() < this.#waitsUntil;
  }

  /** What the caller's report says. It cannot keep the member from renewing its record. */
  #report(): JsonValue {
    try {
      const text = JSON.stringify(this.#parts.options.report()) ?? 'null';
      if (text.length <= LONGEST_REPORT) return JSON.parse(text) as JsonValue;
      const allowed = `JSON of ${LONGEST_REPORT} characters at most`;
      throw new InvalidOptionError({ option: 'report', given: text, allowed });
    } catch (error) {
      this.#parts.onError(error);
      return null;
    }
  }

  /** Revisions of the records of all who are there, or own something. */
  #revisionsIn({ members, leases }: LaneView): ReadonlyMap<string, number> {
    const revisions = new Map([...members].map(([id, { revision }]) => [id, revision]));
    for (const { lease } of leases.values())
      if (lease !== undefined && !revisions.has(lease.member)) revisions.set(lease.member, 0);
    revisions.delete(this.#parts.self.id);
    return revisions;
  }

  /** What others own now is lost. What was seen may be old, so nothing is lost without a write or a read. */
  async #confirmAll(hasView: boolean, signal: AbortSignal): Promise<void> {
    const isSure = (held: HeldLane): boolean =>
      held.isEnding || (held.isConfirmed && (!hasView || this.#isSeenAsOwn(held)));
    const doubtful = this.held.all.filter((held) => !isSure(held));
    await settled(doubtful.map(async (held) => this.#confirm(held, signal)));
  }

  #isSeenAsOwn(held: HeldLane): boolean {
    const seen = this.#view.leases.get(held.key);
    return seen?.lease?.member === this.#parts.self.id && seen.revision === held.revision;
  }

  async #confirm(held: HeldLane, signal: AbortSignal): Promise<void> {
    const revision = await this.#claims.confirm(held, held, signal);
    if (revision === undefined) return this.held.lose(held);
    held.revision = revision;
    held.isConfirmed = true;
    this.#note(held);
  }

  #situation(): Parameters<typeof planSpread>[0] {
    const { id } = this.#parts.self;
    const members: Candidate[] = [];
    for (const [other, { works, stuck }] of this.#view.members)
      if (other !== id && !this.isDead(other))
        members.push({ id: other, works: new Map(Object.entries(works)), stuck: new Set(stuck) });
    const works = new Map([...this.#works.values()].map(({ name, lanes }) => [name, lanes]));
    members.push({ id, works, stuck: new Set(this.held.stuck) });
    const owners = new Map<string, string>();
    for (const [key, { lease }] of this.#view.leases)
      if (lease !== undefined && !this.isDead(lease.member)) owners.set(key, lease.member);
    for (const key of this.held.keys) owners.set(key, id);
    return { self: id, members, owners, held: this.held.keys };
  }

  async #takeAll(lanes: readonly LaneRef[], signal: AbortSignal): Promise<boolean> {
    const buried = new Map<string, Promise<boolean>>();
    const bury = async (id: string): Promise<boolean> => {
      const burial = buried.get(id) ?? this.#bury(id, signal);
      buried.set(id, burial);
      return burial;
    };
    const taken = await settled(lanes.map(async (lane) => this.#take(lane, bury, signal)));
    return taken.includes(true);
  }

  async #bury(id: string, signal: AbortSignal): Promise<boolean> {
    const isDead = await this.#claims.bury(id, this.#view.members.get(id), signal);
    if (!isDead) this.#liveness.noteAlive(id);
    return isDead;
  }

  async #take(lane: LaneRef, bury: (id: string) => Promise<boolean>, signal: AbortSignal): Promise<boolean> {
    const work = this.#works.get(lane.work);
    if (work === undefined) return false;
    const { options, self } = this.#parts;
    const since = new Date().toISOString();
    const lease = { since, revision: 0 };
    const held = new HeldLane(work, lane.lane, {
      ...lease,
      clock: options.clock,
      onChange: this.#parts.onWanted,
    });
    const seen = this.#view.leases.get(held.key);
    const owner = seen?.lease?.member;
    if (owner !== undefined && owner !== self.id && !(await bury(owner))) return false;
    const revision = await this.#claims.take(lane, { seen, since }, signal);
    if (revision === undefined) return false;
    held.revision = revision;
    this.held.add(held);
    this.#note(held);
    // the runner was stopped meanwhile
    if (this.#works.get(lane.work) !== work) await this.giveBack(held, signal);
    return true;
  }

  /** The view is that of before. */
  #note({ key, work, lane, since, revision }: HeldLane): void {
    const lease = { work, lane, member: this.#parts.self.id, since };
    this.#view.leases.set(key, { lease, revision });
  }

  /** One lane at a time, beside the rounds: the run may take its time to end. */
  #handOver(lane: LaneRef, signal: AbortSignal): void {
    const held = this.held.all.find(({ work, lane: number }) => work === lane.work && number === lane.lane);
    if (held === undefined || this.#givesUntil !== undefined) return;
    this.#givesUntil = this.giveBack(held, signal)
      .catch((error: unknown) => {
        if (!signal.aborted) this.#parts.onError(error);
      })
      .then(() => {
        this.#givesUntil = undefined;
      });
  }
}

/** The results when all have ended. Throws the first error then. */
async function settled<T>(tasks: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(tasks);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
