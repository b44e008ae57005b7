import type { MsgHdrs } from '@nats-io/transport-node';
import type { HeaderValues } from '../../jetstream/publish/message-headers.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';

/** How one request is sent; all of it is optional. */
export interface RequestOptions {
  /** How long the answer is waited for, and each further value of one that has several, in milliseconds. @default the client's `requestTimeoutMs` */
  readonly timeout?: number | undefined;
  /** Headers of the request. Those that start with `Nats-` belong to the server, and are refused. @default none */
  readonly headers?: MsgHdrs | HeaderValues | undefined;
  /** Whether the answer comes on a subscription of its own, not on the one that requests share. @default false */
  readonly noMux?: boolean | undefined;
  /** The subject that the answer comes to, on a subscription of its own. @default a random one */
  readonly reply?: string | undefined;
}

/** A request with options of its own, as `send` takes it in place of the payload. */
export class NatsRequestRecord<TData = unknown> {
  readonly payload: TData;
  readonly options: RequestOptions;

  constructor(payload: TData, options: RequestOptions = {}) {
    this.payload = payload;
    this.options = options;
  }
}

const KNOWN: Record<keyof RequestOptions, true> = { timeout: true, headers: true, noMux: true, reply: true };

/** @throws {@link InvalidOptionError} naming an option that cannot work. */
export function checkRequestOptions(options: RequestOptions): void {
  checkKnownOptions(options, Object.keys(KNOWN));
  integerOption('timeout', options.timeout, { fallback: 1, min: 1, max: LONGEST_TIMER_MS });
}
