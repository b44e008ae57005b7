// placeholder of the lead's branch: every lane is this process's own
export interface LaneWork {
  readonly name: string;
  readonly lanes: number;
  run(lane: number, signal: AbortSignal): Promise<void>;
}

export interface LaneHolder {
  readonly member: string;
  readonly host: string;
  readonly pid: number;
  readonly isOwn: boolean;
  readonly report: unknown;
}

export interface LaneRunnerOptions {
  readonly report?: (() => unknown) | undefined;
  readonly onError?: ((error: Error) => void) | undefined;
}

export class LaneRunner {
  readonly #abort = new AbortController();

  constructor(_options: LaneRunnerOptions) {}

  #runs: Promise<unknown>[] = [];
  #works: readonly LaneWork[] = [];

  async start(works: readonly LaneWork[]): Promise<void> {
    this.#works = works;
    for (const work of works)
      for (let lane = 0; lane < work.lanes; lane += 1) this.#runs.push(work.run(lane, this.#abort.signal));
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await Promise.all(this.#runs);
  }

  owners(work: string): ReadonlyMap<number, LaneHolder> {
    const lanes = this.#works.find(({ name }) => name === work)?.lanes ?? 0;
    const own = { member: 'me', host: 'here', pid: process.pid, isOwn: true, report: undefined };
    return new Map(Array.from({ length: lanes }, (_, lane) => [lane, own]));
  }

  onChange(_listener: () => void): () => void {
    return () => undefined;
  }
}
