import type { JetStreamPublishOptions } from './publish-options.js';

/** An event with options, which `emit` takes instead of a payload. */
export class NatsJetStreamRecord<TData = unknown> {
  /** The event's data. */
  readonly payload: TData;
  /** How the event is stored. @default the client's `jetStreamPublishOptions` */
  readonly options: JetStreamPublishOptions;

  constructor(payload: TData, options: JetStreamPublishOptions = {}) {
    this.payload = payload;
    this.options = options;
  }
}
