import type { StoredCommit } from '../../event/commit.js';
import type { Position } from '../../event/position.js';
import type { Rebuild } from './rebuild.js';

/** The rebuild that a projection is doing, if any. Each rebuild ends once, and is forgotten then. */
export class CurrentRebuild {
  #rebuild: Rebuild | undefined;

  /** Takes the place of one in progress, which fails with that error. */
  replace(rebuild: Rebuild, error: Error): void {
    this.fail(error);
    this.#rebuild = rebuild;
  }

  advance(position: Position, commits: readonly StoredCommit[]): void {
    this.#rebuild?.advance(position, commits);
  }

  /** The model holds all that is stored. */
  complete(): void {
    this.#rebuild?.complete();
    this.#rebuild = undefined;
  }

  fail(error: Error): void {
    this.#rebuild?.fail(error);
    this.#rebuild = undefined;
  }
}
