import type { IEvent } from '@nestjs/cqrs';
import { Subject, type Subscription } from 'rxjs';
import type { FoundSaga } from './saga.js';

/** A saga that events are pushed into. One that fails is begun again with the next event. */
export class RunningSaga {
  readonly #saga: FoundSaga;
  readonly #onLate: (command: object) => void;
  readonly #onError: (error: unknown) => void;
  #events = new Subject<IEvent>();
  #subscription: Subscription | undefined;
  /** The commands of the event that is being pushed; undefined while none is. */
  #commands: object[] | undefined;
  #failure: { readonly error: unknown } | undefined;

  /**
   * @param onLate Told of a command that no event has led to synchronously, such as after a `delay`.
   * @param onError Told of an error that no event has led to synchronously.
   */
  constructor(
    saga: FoundSaga,
    { onLate, onError }: { onLate: (command: object) => void; onError: (error: unknown) => void },
  ) {
    this.#saga = saga;
    this.#onLate = onLate;
    this.#onError = onError;
  }

  /**
   * The commands that an event leads to synchronously.
   *
   * @throws what the saga throws; it has no memory of earlier events then.
   */
  push(event: IEvent): readonly object[] {
    this.open();
    const commands: object[] = [];
    this.#commands = commands;
    try {
      this.#events.next(event);
    } finally {
      this.#commands = undefined;
    }
    const failure = this.#failure;
    if (failure === undefined) return commands;
    this.close();
    throw failure.error;
  }

  /** @throws `InvalidSagaException` when it makes no stream of commands. */
  open(): void {
    if (this.#subscription !== undefined) return;
    this.#failure = undefined;
    this.#events = new Subject();
    this.#subscription = this.#saga.open(this.#events.asObservable()).subscribe({
      next: (command) => this.#take(command),
      error: (error: unknown) => this.#fail(error),
    });
  }

  /** Forgets what the saga remembers. */
  close(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = undefined;
  }

  #take(command: object | null | undefined): void {
    if (command === undefined || command === null) return;
    if (this.#commands === undefined) this.#onLate(command);
    else this.#commands.push(command);
  }

  #fail(error: unknown): void {
    if (this.#commands !== undefined) {
      this.#failure = { error };
      return;
    }
    this.close();
    this.#onError(error);
  }
}
