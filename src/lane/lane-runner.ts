// placeholder of the lead's branch: every lane is this process's own
import type { JsonValue } from '../event/json-value.js';
import type { LogPeers } from '../log/log-peers.js';
import type { RecordTable } from '../log/record-table.js';
import type { LaneOwner } from './lane-status.js';
import type { LaneWork } from './lane-work.js';

export interface LaneRunnerOptions {
  readonly report?: (() => JsonValue) | undefined;
  readonly onError?: ((error: unknown) => void) | undefined;
}

export class LaneRunner {
  readonly #abort = new AbortController();
  #runs: Promise<unknown>[] = [];
  #works: readonly LaneWork[] = [];

  constructor(_records: RecordTable, _peers: LogPeers, _options: LaneRunnerOptions = {}) {}

  async start(works: readonly LaneWork[]): Promise<void> {
    this.#works = works;
    for (const work of works)
      for (let lane = 0; lane < work.lanes; lane += 1) this.#runs.push(work.run(lane, this.#abort.signal));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#runs);
  }

  owners(work: string): readonly LaneOwner[] {
    const lanes = this.#works.find(({ name }) => name === work)?.lanes ?? 0;
    const startedAt = new Date();
    const own = { id: 'me', host: 'here', pid: process.pid, service: undefined, startedAt, works: [] };
    const owner = { ...own, report: null, isSelf: true };
    return Array.from({ length: lanes }, (_, lane) => ({ lane, owner, since: undefined }));
  }

  onChange(_listener: () => void): () => void {
    return () => undefined;
  }
}
