import { BaseRpcContext } from '@nestjs/microservices';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { PacketMetadata } from '../packet-metadata.js';

/** The arguments of a {@link NatsContext}. */
export type NatsContextArgs = [message: Msg, metadata?: PacketMetadata | undefined];

/**
 * The context of a request, which a request handler gets by `@Ctx()`.
 *
 * @example
 * \@MessagePattern({ cmd: 'sum' })
 * sum(@Payload() numbers: number[], @Ctx() context: NatsContext): number {
 *   this.logger.log(context.getSubject());
 *   return numbers.reduce((sum, number) => sum + number, 0);
 * }
 */
export class NatsContext extends BaseRpcContext<NatsContextArgs> {
  /** The request's message. The transport responds to it with what the handler returns. */
  get message(): Msg {
    return this.args[0];
  }

  /** The subject that the request was sent to. */
  getSubject(): string {
    return this.args[0].subject;
  }

  /** The request's headers; undefined when it has none. */
  getHeaders(): MsgHdrs | undefined {
    return this.args[0].headers;
  }

  /** What the client's `setOnDispatchHook` attached; undefined when it attached nothing. */
  getMetadata(): PacketMetadata | undefined {
    return this.args[1];
  }
}
