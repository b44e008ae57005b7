import { headers as newHeaders, type MsgHdrs } from '@nats-io/transport-node';

/** A message as the API encodes it. */
export interface EncodedMessage {
  readonly subject: string;
  readonly seq: number;
  readonly time: string;
  /** In base64, as the body is. */
  readonly hdrs?: string;
  readonly data?: string;
}

/** A message that the leader of a stream gave. */
export class ApiMessage {
  readonly subject: string;
  readonly sequence: number;
  /** The server's time in milliseconds since 1970. */
  readonly time: number;
  readonly data: Uint8Array;
  readonly #encodedHeaders: string;
  #headers: MsgHdrs | undefined;

  constructor({ subject, seq, time, hdrs = '', data = '' }: EncodedMessage) {
    this.subject = subject;
    this.sequence = seq;
    this.time = Date.parse(time);
    this.data = Buffer.from(data, 'base64');
    this.#encodedHeaders = hdrs;
  }

  /** Decoded when they are asked for: most readers need the body only. */
  get headers(): MsgHdrs {
    this.#headers ??= decodeHeaders(this.#encodedHeaders);
    return this.#headers;
  }
}

/** `NATS/1.0`, then a header a line. */
function decodeHeaders(encoded: string): MsgHdrs {
  const headers = newHeaders();
  for (const line of Buffer.from(encoded, 'base64').toString().split('\r\n').slice(1)) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return headers;
}
