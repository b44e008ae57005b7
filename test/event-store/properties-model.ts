import type { Expectation } from '../../src/event-store/append/append-options.js';

/** An append as the model sees it. */
export interface ModelAppend {
  readonly stream: string;
  readonly count: number;
  readonly expect: Expectation;
  readonly commandId: string | undefined;
}

/** The command id was used for something else before. */
export interface ModelReuse {
  readonly reused: true;
}

/** The expected answer of a store: a version and whether this call stored it, or a conflict. */
export type ModelAnswer =
  | ModelReuse
  | { readonly version: number; readonly committed: boolean; readonly position: string | undefined }
  | { readonly expected: 'none' | 'exists' | number; readonly actual: number };

interface ModelCommit {
  readonly commandId: string | undefined;
  readonly version: number;
  readonly position: string;
  /** The transaction that it is a part of, if that has more than one. */
  readonly transaction: ModelTransaction | undefined;
}

interface ModelTransaction {
  readonly of: number;
}

/** A minimal model of an event store: the commits of each stream, and one sequence over all streams. */
export class StoreModel {
  #sequence: number;
  readonly #streams = new Map<string, ModelCommit[]>();

  constructor(lastSequence: number) {
    this.#sequence = lastSequence;
  }

  versionOf(stream: string): number {
    return this.#streams.get(stream)?.at(-1)?.version ?? 0;
  }

  append({ stream, count, expect, commandId }: ModelAppend): ModelAnswer {
    const actual = this.versionOf(stream);
    if (count === 0) return { version: actual, committed: false, position: undefined };
    const commits = this.#streams.get(stream) ?? [];
    const earlier = commits.find((commit) => commandId !== undefined && commit.commandId === commandId);
    if (earlier?.transaction !== undefined) return { reused: true };
    if (earlier !== undefined)
      return { version: earlier.version, committed: false, position: earlier.position };
    const violated = violationOf(expect, actual);
    if (violated !== undefined) return { expected: violated, actual };
    return { ...this.#store({ stream, count, commandId }), committed: true };
  }

  /** An atomic append to several streams, each named once. */
  transact(
    entries: readonly ModelAppend[],
  ): readonly ModelAnswer[] | ModelReuse | { readonly violations: readonly number[] } {
    const known = entries.map(({ stream, count, commandId }) =>
      count === 0 || commandId === undefined
        ? undefined
        : this.#streams.get(stream)?.find((commit) => commit.commandId === commandId),
    );
    const writes = entries.filter(({ count }) => count > 0).length;
    if (known.some((commit) => commit !== undefined)) {
      const found = known.filter((commit) => commit !== undefined);
      const [first] = found;
      const isSame = found.every(({ transaction }) => transaction === first?.transaction);
      if (!isSame || found.length !== writes || writes !== (first?.transaction?.of ?? 1))
        return { reused: true };
      return entries.map(({ stream }, at) => {
        const { version, position } = known[at] ?? { version: this.versionOf(stream), position: undefined };
        return { version, position, committed: false };
      });
    }
    const violations = entries
      .map(({ stream, expect }, index) =>
        violationOf(expect, this.versionOf(stream)) === undefined ? -1 : index,
      )
      .filter((index) => index >= 0);
    if (violations.length > 0) return { violations };
    // each check takes a sequence in the log, before the commits
    this.#sequence += entries.filter(({ count, expect }) => count === 0 && expect !== 'any').length;
    const transaction = writes > 1 ? { of: writes } : undefined;
    return entries.map(({ stream, count, commandId }) => {
      if (count === 0) return { version: this.versionOf(stream), committed: false, position: undefined };
      const stored = this.#store({ stream, count, commandId }, transaction);
      return { ...stored, committed: true };
    });
  }

  #store(
    { stream, count, commandId }: Omit<ModelAppend, 'expect'>,
    transaction?: ModelTransaction,
  ): { version: number; position: string } {
    const commits = this.#streams.get(stream) ?? [];
    const version = this.versionOf(stream) + count;
    this.#sequence += 1;
    const position = `${this.#sequence}.${count - 1}`;
    this.#streams.set(stream, [...commits, { commandId, version, position, transaction }]);
    return { version, position };
  }
}

/** The violated expectation as an error names it; undefined if it is met. */
function violationOf(expect: Expectation, actual: number): 'none' | 'exists' | number | undefined {
  if (expect === 'any') return undefined;
  if (expect === 'exists') return actual > 0 ? undefined : 'exists';
  const version = expect === 'none' ? 0 : expect;
  if (version === actual) return undefined;
  return version === 0 ? 'none' : version;
}
