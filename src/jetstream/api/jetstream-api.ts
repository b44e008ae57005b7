import type {
  ConsumerConfig,
  ConsumerInfo,
  JetStreamAccountStats,
  StreamConfig,
  StreamInfo,
} from '@nats-io/jetstream';
import type { Msg } from '@nats-io/transport-node';
import { Backoff } from '../../kernel/backoff.js';
import type { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { type ApiFault, isFault, isTransient } from './api-fault.js';
import { ApiMessage, type EncodedMessage } from './api-message.js';
import { type ApiResult, mapResult } from './api-result.js';
import { ApiSubjects, type ConsumerRef } from './api-subjects.js';

/** A request to the server, which may safely be repeated. */
export interface ServerRequest {
  readonly subject: string;
  readonly payload: Uint8Array;
  /**
   * Whether the answer has to be that of the current leader: one that took long, and the first one after
   * silence, are thrown away and asked for again, since there may have been an election. @default false
   */
  readonly fromLeader?: boolean | undefined;
}

/** What the API is reached by. */
export interface ApiChannel {
  /** The answer to a request, which is resent until the deadline; rejects when none comes. */
  request(request: ServerRequest, deadline: Deadline): Promise<Msg>;
  /**
   * Sends once, with the answers going to `reply`, if anywhere. Nothing happens when the connection is
   * closed.
   */
  send(subject: string, payload: Uint8Array, reply?: string): void;
}

/** Settings of a stream, which must have a name. */
export type NamedStreamConfig = Partial<StreamConfig> & { readonly name: string };

/** Settings of a consumer, which must have a name. */
export type NamedConsumerConfig = Partial<ConsumerConfig> & { readonly name: string };

/** Which message of a stream is meant. */
export type MessageQuery =
  /** The one with that sequence. */
  | { readonly seq: number }
  /** The last one of a subject. */
  | { readonly last_by_subj: string }
  /** The first one of a subject, which may have wildcards, from a sequence on. */
  | { readonly seq: number; readonly next_by_subj: string };

/** Some of the subjects that hold messages. */
export interface SubjectsPage {
  /** In no order. */
  readonly subjects: readonly string[];
  /** By subject, the number of its messages. */
  readonly counts: Readonly<Record<string, number>>;
  /** How many match in all; undefined where the server does not say, since this is all of them. */
  readonly total: number | undefined;
}

/** Some of the streams of an account. */
export interface StreamsPage {
  readonly streams: readonly StreamInfo[] | null;
  readonly total: number;
}

/** Some of the consumers of a stream. */
export interface ConsumersPage {
  readonly consumers: readonly ConsumerInfo[] | null;
  readonly total: number;
}

/** What a pull asks for; times in nanoseconds. */
export interface PullRequest {
  readonly batch: number;
  readonly max_bytes: number;
  readonly expires: number;
  readonly idle_heartbeat: number;
}

const utf8 = new TextEncoder();
const EMPTY = new Uint8Array();

/**
 * The API of JetStream, typed. Each call is resent until the leader has answered with something that lasts,
 * and gives a value or the error that the server answered with; it rejects when the deadline passes without
 * an answer.
 */
export class JetStreamApi {
  readonly subjects: ApiSubjects;
  readonly #channel: ApiChannel;
  readonly #timeoutMs: number;

  /** @param timeoutMs The longest that an answer is awaited, in milliseconds. @default the call's deadline */
  constructor(channel: ApiChannel, prefix: string, timeoutMs = Infinity) {
    this.#channel = channel;
    this.#timeoutMs = timeoutMs;
    this.subjects = new ApiSubjects(prefix);
  }

  /** What the account uses, and may use. */
  async accountInfo(deadline: Deadline): Promise<ApiResult<JetStreamAccountStats>> {
    return this.#ask(this.subjects.accountInfo(), undefined, deadline);
  }

  /** Settings and state of a stream. */
  async streamInfo(stream: string, deadline: Deadline): Promise<ApiResult<StreamInfo>> {
    return this.#ask(this.subjects.streamInfo(stream), undefined, deadline);
  }

  /**
   * Subjects of a stream that match a filter and hold messages: 100,000 at most, from an offset in their
   * order on.
   */
  async streamSubjects(
    stream: string,
    { filter, offset = 0 }: { readonly filter: string; readonly offset?: number },
    deadline: Deadline,
  ): Promise<ApiResult<SubjectsPage>> {
    interface Answer {
      readonly state: { readonly subjects?: Record<string, number> };
      readonly total?: number;
    }
    const query = { subjects_filter: filter, offset };
    const result = await this.#change<Answer>(this.subjects.streamInfo(stream), query, deadline);
    return mapResult(result, ({ state: { subjects: counts = {} }, total }) => ({
      subjects: Object.keys(counts),
      counts,
      total,
    }));
  }

  /** Names of the streams that capture some subject of a pattern, or that literal subject. */
  async streamNames(pattern: string, deadline: Deadline): Promise<ApiResult<readonly string[]>> {
    interface Answer {
      readonly streams: readonly string[] | null;
    }
    const result = await this.#ask<Answer>(this.subjects.streamNames(), { subject: pattern }, deadline);
    return mapResult(result, ({ streams }) => streams ?? []);
  }

  /** Settings and states of the account's streams: some of them, from an offset on. */
  async streamList(offset: number, deadline: Deadline): Promise<ApiResult<StreamsPage>> {
    return this.#ask(this.subjects.streamList(), { offset }, deadline);
  }

  async createStream(config: NamedStreamConfig, deadline: Deadline): Promise<ApiResult<StreamInfo>> {
    return this.#change(this.subjects.createStream(config.name), config, deadline);
  }

  async updateStream(config: NamedStreamConfig, deadline: Deadline): Promise<ApiResult<StreamInfo>> {
    return this.#change(this.subjects.updateStream(config.name), config, deadline);
  }

  /** One message, from the leader. */
  async message(stream: string, query: MessageQuery, deadline: Deadline): Promise<ApiResult<ApiMessage>> {
    interface Answer {
      readonly message: EncodedMessage;
    }
    const result = await this.#ask<Answer>(this.subjects.message(stream), query, deadline);
    return mapResult(result, ({ message }) => new ApiMessage(message));
  }

  /** Removes a message; its bytes are overwritten on the disk (`no_erase` is off). */
  async deleteMessage(stream: string, sequence: number, deadline: Deadline): Promise<ApiResult<unknown>> {
    return this.#change(this.subjects.deleteMessage(stream), { seq: sequence }, deadline);
  }

  /** Removes a message and leaves its bytes on the disk, which is many times as fast. */
  async dropMessage(stream: string, sequence: number, deadline: Deadline): Promise<ApiResult<unknown>> {
    const what = { seq: sequence, no_erase: true };
    return this.#change(this.subjects.deleteMessage(stream), what, deadline);
  }

  /**
   * Removes the messages of a subject, or of those that a filter matches, up to a sequence; that one is left.
   * Their bytes stay on the disk.
   */
  async purgeStream(
    stream: string,
    what: { readonly filter: string; readonly seq?: number | undefined },
    deadline: Deadline,
  ): Promise<ApiResult<unknown>> {
    return this.#change(this.subjects.purgeStream(stream), what, deadline);
  }

  /**
   * Creates a consumer, or updates an existing one. The server refuses a `create` of one that exists with
   * other settings, and an `update` of one that does not exist.
   */
  async putConsumer(
    stream: string,
    { config, action }: { readonly config: NamedConsumerConfig; readonly action: 'create' | 'update' },
    deadline: Deadline,
  ): Promise<ApiResult<ConsumerInfo>> {
    const subject = this.subjects.createConsumer({ stream, consumer: config.name }, config.filter_subject);
    return this.#change(subject, { stream_name: stream, config, action }, deadline);
  }

  /** Settings and state of a consumer. */
  async consumerInfo(consumer: ConsumerRef, deadline: Deadline): Promise<ApiResult<ConsumerInfo>> {
    return this.#ask(this.subjects.consumerInfo(consumer), undefined, deadline);
  }

  /** Settings and states of a stream's consumers: some of them, from an offset on. */
  async consumerList(stream: string, offset: number, deadline: Deadline): Promise<ApiResult<ConsumersPage>> {
    return this.#change(this.subjects.consumerList(stream), { offset }, deadline);
  }

  /** Deletes a consumer, and with it its position. */
  async deleteConsumer(consumer: ConsumerRef, deadline: Deadline): Promise<ApiResult<unknown>> {
    return this.#change(this.subjects.deleteConsumer(consumer), {}, deadline);
  }

  /** Deletes a consumer without waiting for the answer. */
  dropConsumer(consumer: ConsumerRef): void {
    this.#channel.send(this.subjects.deleteConsumer(consumer), EMPTY);
  }

  /** Asks a consumer for messages, which go to `reply`. */
  pull(consumer: ConsumerRef, request: PullRequest, reply: string): void {
    this.#channel.send(this.subjects.nextMessages(consumer), encode(request), reply);
  }

  /**
   * A question to the leader. One that hung while another was elected answers, when it wakes up, with what it
   * knew before: what decides anything must not be such an answer.
   */
  async #ask<T>(subject: string, body: object | undefined, deadline: Deadline): Promise<ApiResult<T>> {
    return this.#call({ subject, payload: encode(body), fromLeader: true }, deadline);
  }

  /** A change, which goes through the leader of that moment, or a list, which may take its time. */
  async #change<T>(subject: string, body: object, deadline: Deadline): Promise<ApiResult<T>> {
    return this.#call({ subject, payload: encode(body) }, deadline);
  }

  async #call<T>(request: ServerRequest, allowed: Deadline): Promise<ApiResult<T>> {
    const deadline = allowed.atMost(this.#timeoutMs);
    const backoff = new Backoff(20, 500);
    let fault: ApiFault | undefined;
    // the last word of the server counts for more than the silence after it
    do {
      const reply = await this.#channel.request(request, deadline).catch((error: unknown) => {
        if (fault === undefined || !deadline.passed || deadline.signal?.aborted === true) throw error;
        return undefined;
      });
      if (reply === undefined) break;
      const answer = reply.json<T | { readonly error: ApiFault }>();
      if (!isFault(answer)) return { ok: true, value: answer };
      ({ error: fault } = answer);
      if (!isTransient(fault) || deadline.passed) return { ok: false, fault };
      await sleep(Math.min(backoff.next(), deadline.leftMs), deadline.signal);
    } while (!deadline.passed);
    deadline.signal?.throwIfAborted();
    return { ok: false, fault: fault as ApiFault };
  }
}

function encode(body: object | undefined): Uint8Array {
  return body === undefined ? EMPTY : utf8.encode(JSON.stringify(body));
}
