import type { MsgHdrs } from '@nats-io/transport-node';
import type { HeaderValues } from '../../log/message-log.js';
import { integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { checkOptionNames } from '../check-option-names.js';

/** How one request is sent. */
export interface RequestOptions {
  /**
   * How long the answer, and each further value of it, is awaited, in milliseconds.
   * @default the client's `requestTimeoutMs`
   */
  readonly timeout?: number | undefined;
  /**
   * Headers of the request. Those that start with `Nats-` belong to the server, and are refused.
   * @default none
   */
  readonly headers?: MsgHdrs | HeaderValues | undefined;
  /**
   * Whether the answer is received on a subscription of its own instead of the one that requests share.
   * @default false
   */
  readonly noMux?: boolean | undefined;
  /** The subject that the answer is sent to, with a subscription of its own. @default a random one */
  readonly reply?: string | undefined;
}

/** A request with options, which `send` takes instead of a payload. */
export class NatsRequestRecord<TData = unknown> {
  /** The request's data. */
  readonly payload: TData;
  /** How the request is sent. @default the client's options */
  readonly options: RequestOptions;

  constructor(payload: TData, options: RequestOptions = {}) {
    this.payload = payload;
    this.options = options;
  }
}

const KNOWN: Record<keyof RequestOptions, true> = { timeout: true, headers: true, noMux: true, reply: true };

/** @throws {@link InvalidOptionError} naming an option that cannot work. */
export function checkRequestOptions(options: RequestOptions): void {
  checkOptionNames(options, KNOWN);
  integerOption('timeout', options.timeout, { fallback: 1, min: 1, max: LONGEST_TIMER_MS });
}
