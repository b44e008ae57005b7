import type { ConsumerInfo } from '@nats-io/jetstream';

/** Whether a consumer delivers nothing more until something that it has delivered is acknowledged. */
export function needsAcknowledgements({
  config: { max_ack_pending: most = 0 },
  num_ack_pending: unsettled,
  num_pending: left,
}: ConsumerInfo): boolean {
  return most > 1 && unsettled >= most && left > 0;
}
