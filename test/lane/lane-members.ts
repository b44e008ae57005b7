import type { EventStore } from '../../src/event-store/event-store.js';
import type { LaneRunnerOptions } from '../../src/lane/lane-options.js';
import { LaneRunner } from '../../src/lane/lane-runner.js';
import { untilAborted } from './lane-service.js';

/** A member on a real store, with what it runs. */
export interface Member {
  readonly runner: LaneRunner;
  /** Lanes that it runs now, as `work/lane`. */
  readonly running: Set<string>;
  /** How often a run was begun. */
  readonly begun: () => number;
  readonly errors: unknown[];
}

const members: Member[] = [];

/** Starts a member; it is stopped by {@link stopMembers}. */
export async function startMember(
  store: EventStore,
  works: Readonly<Record<string, number>>,
  options: LaneRunnerOptions = {},
): Promise<Member> {
  const running = new Set<string>();
  const errors: unknown[] = [];
  let begun = 0;
  const onError = (error: unknown): void => void errors.push(error);
  const runner = new LaneRunner(store.records, store.peers, { onError, ...options });
  const member = { runner, running, errors, begun: () => begun };
  members.push(member);
  const run = (name: string) => async (lane: number, signal: AbortSignal) => {
    begun += 1;
    running.add(`${name}/${lane}`);
    await untilAborted(lane, signal);
    running.delete(`${name}/${lane}`);
  };
  await runner.start(Object.entries(works).map(([name, lanes]) => ({ name, lanes, run: run(name) })));
  return member;
}

/** Stops all members, before their stores are closed. */
export async function stopMembers(): Promise<void> {
  await Promise.all(members.splice(0).map(async ({ runner }) => runner.stop()));
}

/** Lanes that are run, each as often as it is run. */
export function lanesRunBy(...some: readonly Member[]): string[] {
  return some.flatMap(({ running }) => [...running]).toSorted();
}
