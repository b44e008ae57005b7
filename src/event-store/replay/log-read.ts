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

/**
 * The events of the whole store, from a start to the end that the log had when the read began, or backward.
 */
export async function* readLog(
  log: MessageLog,
  store: ReadStore,
  options: ReadAllOptions,
): AsyncGenerator<RecordedEvent, void, void> {
  checkReadAllOptions(options);
  const isWanted = wantedTypes(options.types, store.registry);
  resolveStart(options.from);
  await requireStartInLog(store, options.from, options.signal);
  const batches =
    options.direction === 'backward'
      ? backward(log, store, { ...options, isWanted })
      : forward(log, store, { ...options, isWanted });
  let left = options.limit ?? Infinity;
  for await (const events of batches) {
    options.signal?.throwIfAborted();
    for (const event of events) {
      yield event;
      left -= 1;
      if (left === 0) return;
    }
  }
  options.signal?.throwIfAborted();
}

interface WantedOptions extends ReadAllOptions {
  readonly isWanted: IsWanted;
}

/** The events of one commit at a time. */
async function* forward(
  log: MessageLog,
  { name: store, registry }: ReadStore,
  { from, categories, signal, isWanted }: WantedOptions,
): AsyncGenerator<readonly RecordedEvent[], void, void> {
  const start = resolveStart(from);
  const replay = { store, categories, signal, start: start.replay, live: false, maxBatch: BATCH };
  for await (const { commits } of replayCommits(log, replay)) {
    for (const commit of await openCommits(commits, registry.cipher))
      yield recordedEvents(commit, registry, { from: start.firstIndexOf(commit), isWanted });
  }
}

/** The events of one commit at a time, newest first. */
async function* backward(
  log: MessageLog,
  { name: store, registry }: ReadStore,
  { from, categories, signal, isWanted }: WantedOptions,
): AsyncGenerator<readonly RecordedEvent[], void, void> {
  const start = resolveBackwardStart(from);
  const newest = Math.min(start.sequence, await log.lastSequence(deadlineOf({ signal })));
  for await (const commits of replayBackward(log, { store, categories, from: newest, signal })) {
    for (const commit of await openCommits(commits, registry.cipher)) {
      const range = { from: 0, to: start.lastIndexOf(commit), isWanted };
      yield recordedRange(commit, registry, range).toReversed();
    }
  }
}
