import type { ConsumerInfo } from '@nats-io/jetstream';
import type { NamedConsumerConfig } from '../api/jetstream-api.js';
import type { DeliveredMessage } from './delivered-message.js';

/** What of a consumer's state tells how far it is. */
export interface ConsumerProgress extends Pick<ConsumerInfo, 'num_ack_pending'> {
  readonly ack_floor: Pick<ConsumerInfo['ack_floor'], 'stream_seq'>;
  readonly delivered: Pick<ConsumerInfo['delivered'], 'stream_seq'>;
}

/**
 * How far a consumer is: where one that was deleted continues, and which messages after that place this
 * process has settled.
 */
export class ConsumerPosition {
  /** All up to that sequence are settled, by this process or another; undefined before the first look. */
  #floor: number | undefined;
  /** Settled after the floor, with the times at which they were stored: a sequence may be given twice. */
  readonly #settled = new Map<number, number>();

  /** Takes over what the server says. */
  note({ ack_floor: floor, delivered, num_ack_pending: pending }: ConsumerProgress): void {
    this.#floor = pending === 0 ? Math.max(delivered.stream_seq, floor.stream_seq) : floor.stream_seq;
    for (const sequence of this.#settled.keys()) if (sequence <= this.#floor) this.#settled.delete(sequence);
  }

  /** Notes that a message was acknowledged or ended. */
  settle({ info }: DeliveredMessage): void {
    this.#settled.set(info.streamSequence, info.timestampNanos);
  }

  isSettled({ info }: DeliveredMessage): boolean {
    return this.#settled.size > 0 && this.#settled.get(info.streamSequence) === info.timestampNanos;
  }

  /** The stream was replaced by a new one, of which nothing has been read. */
  startOver(): void {
    this.#floor = 0;
    this.#settled.clear();
  }

  /**
   * The settings of a consumer that continues there.
   *
   * @param lastSequence Of the stream, if known: a server that lost its last messages gives their sequences
   *   to others.
   */
  resume(config: NamedConsumerConfig, lastSequence: number | undefined): NamedConsumerConfig {
    if (this.#floor === undefined) return config;
    const { opt_start_time: _time, ...others } = config;
    const next = Math.min(this.#floor, lastSequence ?? Infinity) + 1;
    return { ...others, deliver_policy: 'by_start_sequence', opt_start_seq: next };
  }
}
