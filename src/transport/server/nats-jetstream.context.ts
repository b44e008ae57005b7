import { BaseRpcContext } from '@nestjs/microservices';
import type { JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { PacketMetadata } from '../packet-metadata.js';

/** What a {@link NatsJetStreamContext} is made of. */
export type NatsJetStreamContextArgs = [
  message: JsMsg,
  metadata?: PacketMetadata | undefined,
  event?: RecordedEvent | undefined,
];

/**
 * What an event handler gets by `@Ctx()`.
 *
 * @example
 * \@EventPattern('order.created')
 * async onCreated(@Payload() order: Order, @Ctx() context: NatsJetStreamContext): Promise<void> {
 *   await this.mailer.confirm(order, { once: context.message.seq });
 * }
 */
export class NatsJetStreamContext extends BaseRpcContext<NatsJetStreamContextArgs> {
  /**
   * The message. It is acknowledged when the handler has succeeded, unless the handler does that itself: `ack()`, `nak(ms)`, `term(reason)`, and
   * `working()` for more time, which the transport asks for anyhow.
   */
  get message(): JsMsg {
    return this.args[0];
  }

  /** The subject that the event was published to. */
  getSubject(): string {
    return this.args[0].subject;
  }

  /** The event's headers, where it has any. */
  getHeaders(): MsgHdrs | undefined {
    return this.args[0].headers;
  }

  /** What the client's `setOnDispatchHook` attached, where it did. */
  getMetadata(): PacketMetadata | undefined {
    return this.args[1];
  }

  /** The event as the event store has it: its stream, version, position and metadata. Undefined for what comes from no event store. */
  getEvent(): RecordedEvent | undefined {
    return this.args[2];
  }
}
