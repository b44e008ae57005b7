import { onAbort } from '../../kernel/on-abort.js';
import { HandlerTimeoutError } from '../delivery/handler-timeout-error.js';
import type { ReactionContext } from './reactor-definition.js';

/** One attempt of a reactor at an event. */
export interface ReactorCallParts {
  readonly reactor: string;
  readonly service: string;
  readonly attempt: number;
  readonly isRedriven: boolean;
  readonly timeoutMs: number;
  /** Aborts when the lane is lost or stopped. */
  readonly lane: AbortSignal;
}

/** What a handler is told. The signal costs nothing where the handler does not ask for it. */
export class ReactorCall implements ReactionContext {
  readonly reactor: string;
  readonly service: string;
  readonly attempt: number;
  readonly isRedriven: boolean;
  readonly #parts: ReactorCallParts;
  readonly #begun = performance.now();
  #signal: AbortSignal | undefined;
  #stopListening: () => void = () => undefined;

  constructor(parts: ReactorCallParts) {
    this.reactor = parts.reactor;
    this.service = parts.service;
    this.attempt = parts.attempt;
    this.isRedriven = parts.isRedriven;
    this.#parts = parts;
  }

  get signal(): AbortSignal {
    this.#signal ??= this.#open();
    return this.#signal;
  }

  /** The handler has returned. */
  end(): void {
    this.#stopListening();
  }

  #open(): AbortSignal {
    const { lane, timeoutMs } = this.#parts;
    const abort = new AbortController();
    if (lane.aborted) abort.abort(lane.reason);
    const leftMs = Math.max(0, timeoutMs - (performance.now() - this.#begun));
    const timer = setTimeout(() => abort.abort(new HandlerTimeoutError({ timeoutMs })), leftMs);
    const ignoreLane = onAbort(lane, () => abort.abort(lane.reason));
    this.#stopListening = () => {
      clearTimeout(timer);
      ignoreLane();
    };
    return abort.signal;
  }
}
