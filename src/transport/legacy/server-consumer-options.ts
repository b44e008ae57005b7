import type { NatsConsumerOptions } from '../consumer-options.js';

/** The older transport's name of {@link NatsConsumerOptions}. */
export type ServerConsumerOptions = NatsConsumerOptions;
