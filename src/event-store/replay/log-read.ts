import type { StoredCommit } from '../../event/commit.js';
import { openCommits } from '../../event/event-cipher.js';
import type { EventRegistry } from '../../event/event-registry.js';
import { type RecordedEvent, recordedEvents, recordedRange } from '../../event/recorded-event.js';
import type { IsWanted } from '../../event/event-decoder.js';
import type { MessageLog } from '../../log/message-log.js';
import { deadlineOf } from '../../log/read-deadline.js';
import { replayBackward } from './backward-replay.js';
import { replayCommits } from './commit-replay.js';
import { checkReadAllOptions, type ReadAllOptions } from './read-all-options.js';
import { resolveBackwardStart, resolveStart } from './read-all-start.js';
import { requireStartInLog, type StartedStore } from './start-check.js';
import { wantedTypes } from './wanted-types.js';

/** Commits that a read of the whole store takes at a time. */
const BATCH = 1_000;

/** The store whose log is read. */
export interface ReadStore extends StartedStore {
  readonly registry: EventRegistry;
}

/** Commits that were read together, and the events of each that are asked for. */
export interface ReadBatch {
  readonly commits: readonly StoredCommit[];
  readonly eventsOf: (commit: StoredCommit) => readonly RecordedEvent[];
}

/**
 * The commits of the whole store in batches, from a start to the end that the log had when the read began, or
 * backward. In batches, since each event that passes through a generator costs as much as its decoding.
 */
export async function* readLog(
  log: MessageLog,
  store: ReadStore,
  options: ReadAllOptions,
): AsyncGenerator<ReadBatch, void, void> {
  checkReadAllOptions(options);
  const isWanted = wantedTypes(options.types, store.registry);
  resolveStart(options.from);
  await requireStartInLog(store, options.from, options.signal);
  yield* options.direction === 'backward'
    ? backward(log, store, { ...options, isWanted })
    : forward(log, store, { ...options, isWanted });
}

interface WantedOptions extends ReadAllOptions {
  readonly isWanted: IsWanted;
}

async function* forward(
  log: MessageLog,
  { name: store, registry }: ReadStore,
  { from, categories, signal, isWanted }: WantedOptions,
): AsyncGenerator<ReadBatch, void, void> {
  const start = resolveStart(from);
  const eventsOf = (commit: StoredCommit): readonly RecordedEvent[] =>
    recordedEvents(commit, registry, { from: start.firstIndexOf(commit), isWanted });
  const replay = { store, categories, signal, start: start.replay, live: false, maxBatch: BATCH };
  for await (const { commits } of replayCommits(log, replay))
    yield { commits: await openCommits(commits, registry.cipher), eventsOf };
}

/** Newest first. */
async function* backward(
  log: MessageLog,
  { name: store, registry }: ReadStore,
  { from, categories, signal, isWanted }: WantedOptions,
): AsyncGenerator<ReadBatch, void, void> {
  const start = resolveBackwardStart(from);
  const eventsOf = (commit: StoredCommit): readonly RecordedEvent[] =>
    recordedRange(commit, registry, { from: 0, to: start.lastIndexOf(commit), isWanted }).toReversed();
  const newest = Math.min(start.sequence, await log.lastSequence(deadlineOf({ signal })));
  for await (const commits of replayBackward(log, { store, categories, from: newest, signal }))
    yield { commits: await openCommits(commits, registry.cipher), eventsOf };
}
