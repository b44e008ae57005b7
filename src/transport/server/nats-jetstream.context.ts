import { BaseRpcContext } from '@nestjs/microservices';
import type { JsMsg } from '@nats-io/jetstream';
import type { MsgHdrs } from '@nats-io/transport-node';
import type { RecordedEvent } from '../../event/recorded-event.js';
import type { RedrivenLetter } from '../../jetstream/consume/delivered-message.js';
import type { PacketMetadata } from '../packet-metadata.js';

/** The arguments of a {@link NatsJetStreamContext}. */
export type NatsJetStreamContextArgs = [
  message: JsMsg,
  metadata?: PacketMetadata | undefined,
  event?: RecordedEvent | undefined,
  deadLetter?: RedrivenLetter | undefined,
];

/**
 * The context of an event, which an event handler gets by `@Ctx()`.
 *
 * @example
 * \@EventPattern('order.created')
 * async onCreated(@Payload() order: Order, @Ctx() context: NatsJetStreamContext): Promise<void> {
 *   await this.mailer.confirm(order, { once: context.message.seq });
 * }
 */
export class NatsJetStreamContext extends BaseRpcContext<NatsJetStreamContextArgs> {
  /**
   * The message. It is acknowledged when the handler has succeeded, unless the handler does that itself by
   * `ack()`, `nak(ms)` or `term(reason)`. The transport extends the time for acknowledgement as long as the
   * handler runs, so `working()` is not needed.
   */
  get message(): JsMsg {
    return this.args[0];
  }

  /** The subject that the event was published to. */
  getSubject(): string {
    return this.args[0].subject;
  }

  /** The event's headers; undefined when it has none. */
  getHeaders(): MsgHdrs | undefined {
    return this.args[0].headers;
  }

  /** What the client's `setOnDispatchHook` attached; undefined when it attached nothing. */
  getMetadata(): PacketMetadata | undefined {
    return this.args[1];
  }

  /**
   * The event as the event store has it: its stream, version, position and metadata. Undefined for an event
   * of no event store.
   */
  getEvent(): RecordedEvent | undefined {
    return this.args[2];
  }

  /**
   * The dead letter that was redriven, with its sequence and time in the dead-letter stream; undefined for an
   * event that was not redriven.
   */
  getDeadLetter(): RedrivenLetter | undefined {
    return this.args[3];
  }
}
