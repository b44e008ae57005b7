/** A set of the runtime holds 16 million values at most, a log may hold more commits. */
const SHARDS = 64;

/** Commit ids with the sequences that they were first seen at; about 150 bytes each. */
export class CommitIds {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, number>());

  /** @returns the sequence of an earlier commit with that id. */
  add(id: string, sequence: number): number | undefined {
    // the last character of a UUID is as good as random
    const shard = this.#shards[id.charCodeAt(id.length - 1) % SHARDS] as Map<string, number>;
    const earlier = shard.get(id);
    if (earlier === undefined) shard.set(id, sequence);
    return earlier;
  }
}
