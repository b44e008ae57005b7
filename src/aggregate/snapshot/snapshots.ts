import { inspect } from 'node:util';
import { copyPlainJson, PlainJsonFault } from '../../event/plain-json.js';
import { asVersion } from '../../event/version.js';
import { abortable } from '../../kernel/abortable.js';
import { InFlight } from '../../kernel/in-flight.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { CorruptSnapshotError } from '../aggregate-errors.js';
import type { AggregateId } from '../model/aggregate-id.js';
import type { AggregateModel, SnapshotCodec } from '../model/aggregate-model.js';
import { CommandIds } from '../state/command-ids.js';
import type { FoldedState } from '../state/folded-state.js';
import type { Snapshot } from './snapshot.js';
import { type SnapshotOptions, SnapshotPolicy } from './snapshot-policy.js';

/** How long a snapshot may take to be written, in the background. */
const WRITE_TIMEOUT_MS = 30_000;

/** What a repository's snapshots are made from. */
export interface SnapshotsParts<S> {
  /** Identity of the event store. */
  readonly store: string;
  readonly model: AggregateModel<S>;
  readonly onWarning: (warning: string) => void;
}

/** The snapshots of one repository. A failure is a warning only: all events are folded instead. */
export class Snapshots<S> {
  readonly #parts: SnapshotsParts<S>;
  readonly #options: SnapshotOptions;
  readonly #policy: SnapshotPolicy;
  readonly #codec: SnapshotCodec<S>;
  readonly #inFlight = new InFlight();

  /**
   * @throws {@link InvalidOptionError} when an option cannot work, or the class has no methods for snapshots.
   */
  constructor(parts: SnapshotsParts<S>, options: SnapshotOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#policy = new SnapshotPolicy(options);
    this.#codec = codecOf(parts.model);
  }

  /** The state in the latest snapshot; undefined when there is none that can be used. */
  async load(target: AggregateId, signal?: AbortSignal): Promise<FoldedState<S> | undefined> {
    signal?.throwIfAborted();
    try {
      const snapshot = await this.#read(target, signal);
      return snapshot && this.#restore(target, snapshot);
    } catch (error) {
      signal?.throwIfAborted();
      this.#warn(target, 'cannot be read, so all events are folded', error);
      return undefined;
    }
  }

  /**
   * Writes a snapshot if one is due. The state becomes JSON at once, the snapshot is written in the
   * background.
   */
  offer(target: AggregateId, folded: FoldedState<S>, foldMs = 0): FoldedState<S> {
    const { lastCommit, snapshotVersion } = folded;
    if (!this.#policy.isDue(lastCommit.version, snapshotVersion, foldMs)) return folded;
    try {
      const snapshot = this.#toSnapshot(folded);
      this.#inBackground(target, async (signal) =>
        this.#options.store.save(target.stream, snapshot, { signal }),
      );
    } catch (error) {
      const remedy =
        'cannot be made (what is no plain JSON needs a snapshotCodec, or toSnapshot to convert it)';
      this.#warn(target, error instanceof PlainJsonFault ? remedy : 'cannot be made', error);
    }
    return { ...folded, snapshotVersion: lastCommit.version };
  }

  /** Removes a snapshot that is not of this stream's history: it would keep later ones from being written. */
  discard(target: AggregateId, reason: string): void {
    this.#warn(target, `is ignored: ${reason}`);
    this.#inBackground(target, async (signal) => this.#options.store.delete(target.stream, { signal }));
  }

  /** Resolves when nothing is being written. */
  async drain(): Promise<void> {
    await this.#inFlight.drain();
  }

  async #read(target: AggregateId, signal: AbortSignal | undefined): Promise<Snapshot | undefined> {
    const timeout = AbortSignal.timeout(this.#policy.timeoutMs);
    const given = signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
    return abortable(this.#options.store.load(target.stream, { signal: given }), [given]);
  }

  #restore(target: AggregateId, snapshot: Snapshot): FoldedState<S> | undefined {
    if (snapshot.store !== this.#parts.store) {
      this.#warn(target, 'is ignored: it was made from another store');
      return undefined;
    }
    if (snapshot.contract !== this.#policy.contract) {
      const contracts = `${snapshot.contract}, not ${this.#policy.contract}`;
      this.#warn(target, `is ignored: its state is of contract ${contracts}`);
      return undefined;
    }
    const { number, sequence, commitId } = snapshot;
    const version = asVersion(snapshot.version);
    return {
      state: this.#codec.fromSnapshot(snapshot.state, target.id),
      lastCommit: { version, number, sequence, commitId },
      commandIds: commandIdsOf(target, snapshot),
      snapshotVersion: version,
    };
  }

  /** A copy: the state may change while the snapshot is being written. */
  #toSnapshot({ state, lastCommit, commandIds }: FoldedState<S>): Snapshot {
    const { store } = this.#parts;
    // refused rather than changed: a state that JSON had changed would let another decision pass
    const kept = copyPlainJson(this.#codec.toSnapshot(state), { root: 'state' });
    const { contract } = this.#policy;
    return { store, contract, ...lastCommit, commands: commandIds.toJSON(), state: kept };
  }

  #inBackground(target: AggregateId, work: (signal: AbortSignal) => Promise<unknown>): void {
    const write = async (): Promise<void> => {
      await work(AbortSignal.timeout(WRITE_TIMEOUT_MS));
    };
    this.#inFlight.run(write).catch((error: unknown) => this.#warn(target, 'cannot be written', error));
  }

  #warn(target: AggregateId, what: string, error?: unknown): void {
    const cause = error === undefined ? '' : `: ${error instanceof Error ? error.message : inspect(error)}`;
    this.#parts.onWarning(`the snapshot of ${target.stream.toString()} ${what}${cause}`);
  }
}

/** @throws {@link CorruptSnapshotError} when they are none. */
function commandIdsOf({ stream }: AggregateId, { commands }: Snapshot): CommandIds {
  try {
    return CommandIds.fromJSON(commands);
  } catch (cause) {
    const reason = 'its command ids cannot be read';
    throw new CorruptSnapshotError({ stream: stream.toString(), reason }, { cause });
  }
}

function codecOf<S>({ name, snapshot }: AggregateModel<S>): SnapshotCodec<S> {
  if (snapshot !== undefined) return snapshot;
  throw new InvalidOptionError({
    option: 'snapshots',
    given: name,
    allowed: `given for classes with toSnapshot() and fromSnapshot(snapshot), which ${name} lacks`,
  });
}
