import { BaseRpcContext } from '@nestjs/microservices';
import type { Msg, MsgHdrs } from '@nats-io/transport-node';
import type { PacketMetadata } from '../packet-metadata.js';

/** What a {@link NatsContext} is made of. */
export type NatsContextArgs = [message: Msg, metadata?: PacketMetadata | undefined];

/**
 * What a request handler gets by `@Ctx()`.
 *
 * @example
 * \@MessagePattern({ cmd: 'sum' })
 * sum(@Payload() numbers: number[], @Ctx() context: NatsContext): number {
 *   this.logger.log(context.getSubject());
 *   return numbers.reduce((sum, number) => sum + number, 0);
 * }
 */
export class NatsContext extends BaseRpcContext<NatsContextArgs> {
  /** The request as it came. The transport answers it: a handler returns the answer. */
  get message(): Msg {
    return this.args[0];
  }

  /** The subject that the request was sent to. */
  getSubject(): string {
    return this.args[0].subject;
  }

  /** The request's headers, where it has any. */
  getHeaders(): MsgHdrs | undefined {
    return this.args[0].headers;
  }

  /** What the client's `setOnDispatchHook` attached, where it did. */
  getMetadata(): PacketMetadata | undefined {
    return this.args[1];
  }
}
