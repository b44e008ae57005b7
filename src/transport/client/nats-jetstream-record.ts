import type { JetStreamPublishOptions } from './publish-options.js';

/** An event with options of its own, as `emit` takes it in place of the payload. */
export class NatsJetStreamRecord<TData = unknown> {
  readonly payload: TData;
  readonly options: JetStreamPublishOptions;

  constructor(payload: TData, options: JetStreamPublishOptions = {}) {
    this.payload = payload;
    this.options = options;
  }
}
