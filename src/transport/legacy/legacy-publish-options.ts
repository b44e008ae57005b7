/** Options that the older transport had for an event, and that have no effect. */
export interface LegacyPublishOptions {
  /** Accepted and ignored, as it was in the older transport. @default none */
  readonly ackWait?: number | undefined;
}

/** An event's options without those that have no effect. */
export function fromLegacyPublishOptions<Options extends LegacyPublishOptions>(
  options: Options,
): Omit<Options, keyof LegacyPublishOptions> {
  // every emit comes through here, and few have the option
  if (!('ackWait' in options)) return options;
  const { ackWait: _ignored, ...others } = options;
  return others;
}
