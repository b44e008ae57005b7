import type { StreamConfig, StreamInfo, StreamSource } from '@nats-io/jetstream';
import type { ReplayStart } from '../../log/message-log.js';
import type { ReplicaSource } from '../../log/replica-source.js';
import { Deadline } from '../../kernel/deadline.js';
import { sleep } from '../../kernel/sleep.js';
import { ApiCode } from '../api/api-codes.js';
import type { ApiMessage } from '../api/api-message.js';
import type { JetStreamApi } from '../api/jetstream-api.js';
import { expectValue, findValue } from '../connection/expect-value.js';
import type { JetStreamConnection } from '../connection/jetstream-connection.js';
import { covers } from '../names/subject-pattern.js';
import { UnusableReplicaError } from './stream-errors.js';

const LOOK_TIMEOUT_MS = 5_000;
/** A stream that the server does not know for this long is not there: an election may make it forget. */
const GONE_MS = 2_500;
const LOOK_AGAIN_MS = 100;
/** The API of a JetStream domain; another prefix is an import's, whose name says nothing. */
const DOMAIN_API = /^\$JS\.([^.]+)\.API$/;

/** What a replay needs to find in a mirror. */
export interface ReplicaPart {
  readonly start: ReplayStart;
  /** Subject filters; none for all subjects. */
  readonly filters: readonly string[];
}

/** A stream's settings and state. The server names its JetStream domain, where it has one. */
interface DomainInfo extends StreamInfo {
  readonly domain?: string;
}

/** A mirror of a store's JetStream stream, from which a replay reads in the store's place. */
export class ReplicaStream {
  readonly name: string;
  readonly api: JetStreamApi;
  readonly #source: ReplicaSource;
  readonly #origin: string;
  readonly #originApi: JetStreamApi;

  /** @param origin Name of the store's JetStream stream. */
  constructor(connection: JetStreamConnection, origin: string, source: ReplicaSource) {
    this.name = source.stream;
    this.api = connection.apiIn(source.domain);
    this.#source = source;
    this.#origin = origin;
    this.#originApi = connection.api;
  }

  /**
   * Makes sure that the mirror can take the place of the store for a part of it.
   *
   * @throws {@link UnusableReplicaError} when it cannot; {@link NatsError} when JetStream does not answer.
   */
  async confirm(part: ReplicaPart, signal?: AbortSignal): Promise<void> {
    const info = await this.#info(signal);
    const origin = await this.#requireMirror(info, signal);
    this.#requirePart(info, part);
    await this.#requireSameLog(info, origin, signal);
  }

  /**
   * How many sequences it is after the store; 0 when the store has nothing more of what it copies.
   *
   * @throws {@link UnusableReplicaError} when it is no mirror of the store; {@link NatsError} when JetStream
   * does not answer.
   */
  async lag(signal?: AbortSignal): Promise<number> {
    const info = await this.#info(signal);
    const origin = await this.#requireMirror(info, signal);
    const last = info.state.last_seq;
    const lag = Math.max(0, origin.state.last_seq - last);
    const filters = filtersOf(mirrorOf(info.config));
    if (lag === 0 || filters.length === 0) return lag;
    // what is left out of a filtered mirror never comes
    const next = await Promise.all(
      filters.map(async (filter) => {
        const query = { seq: last + 1, next_by_subj: filter };
        return this.#find(this.#originApi, { stream: this.#origin, query }, signal);
      }),
    );
    return next.some((message) => message !== undefined) ? lag : 0;
  }

  /** What a replay that lost the mirror ends with. */
  unusable(reason: string, cause?: unknown): UnusableReplicaError {
    const { stream, domain } = this.#source;
    const options = cause === undefined ? {} : { cause };
    return new UnusableReplicaError({ stream, domain, store: this.#origin, reason }, options);
  }

  async #info(signal: AbortSignal | undefined): Promise<DomainInfo> {
    const gone = new Deadline(GONE_MS, signal);
    for (;;) {
      const result = await this.api.streamInfo(this.name, new Deadline(LOOK_TIMEOUT_MS, signal));
      const info = findValue(result, ApiCode.streamNotFound, `reading the settings of stream ${this.name}`);
      if (info !== undefined) return info;
      if (gone.passed) throw this.unusable('it does not exist');
      await sleep(LOOK_AGAIN_MS, signal);
    }
  }

  /** @returns the settings and state of the store's stream, read after those of the mirror. */
  async #requireMirror(info: DomainInfo, signal: AbortSignal | undefined): Promise<DomainInfo> {
    const { mirror, sources } = info.config;
    if (mirror === undefined) {
      const isSource = sources?.some(({ name }) => name === this.#origin) === true;
      throw this.unusable(
        isSource ? 'it is a source, which gives messages sequences of its own' : 'it is no mirror',
      );
    }
    if (mirror.name !== this.#origin) throw this.unusable(`it is a mirror of ${mirror.name}`);
    const asked = await this.#originApi.streamInfo(this.#origin, new Deadline(LOOK_TIMEOUT_MS, signal));
    const origin: DomainInfo = expectValue(asked, `reading the settings of stream ${this.#origin}`);
    const from = mirror.external === undefined ? info.domain : domainOf(mirror.external.api);
    if (from !== undefined && origin.domain !== undefined && from !== origin.domain) {
      throw this.unusable(`it is a mirror of a stream in domain ${from}, the store is in ${origin.domain}`);
    }
    return origin;
  }

  #requirePart({ config, state }: StreamInfo, { start, filters }: ReplicaPart): void {
    const limit = limitOf(config);
    if (limit !== undefined) throw this.unusable(`${limit}, so that it drops messages of the store`);
    const mirror = mirrorOf(config);
    if (mirror.subject_transforms?.some(({ src, dest }) => dest !== '' && dest !== src) === true)
      throw this.unusable('it changes the subjects of messages');
    const held = filtersOf(mirror);
    const wanted = filters.length === 0 ? ['>'] : filters;
    const missing = held.length > 0 && wanted.find((filter) => !held.some((own) => covers(own, filter)));
    if (missing !== false && missing !== undefined)
      throw this.unusable(`it holds ${held.join(', ')} only, the replay needs ${missing}`);
    const { opt_start_seq: startSequence = 0, opt_start_time: startTime } = mirror;
    const isCut =
      'sequence' in start
        ? Math.max(1, start.sequence) < startSequence ||
          (startTime !== undefined && Math.max(1, start.sequence) < state.first_seq)
        : startSequence > 1 || start.time.getTime() < Date.parse(startTime ?? '1970-01-01T00:00:00Z');
    if (isCut) throw this.unusable(`it begins at ${startTime ?? startSequence}, the replay before that`);
  }

  /** A mirror outlives its origin: it may be that of an earlier stream of the name, or hold what that lost. */
  async #requireSameLog(
    { state: { last_seq: last } }: StreamInfo,
    origin: StreamInfo,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    if (last > origin.state.last_seq) {
      const end = `the store ends at sequence ${origin.state.last_seq}`;
      throw this.unusable(
        `it goes on to sequence ${last}, ${end}: the store has lost its end, or is another one`,
      );
    }
    if (last === 0) return;
    const query = { seq: last };
    const [here, there] = await Promise.all([
      this.#find(this.api, { stream: this.name, query }, signal),
      this.#find(this.#originApi, { stream: this.#origin, query }, signal),
    ]);
    // one that was removed, on either side, says nothing
    if (here === undefined || there === undefined || isSame(here, there)) return;
    throw this.unusable(
      `its message at sequence ${last} is another one than the store's: it copied another store`,
    );
  }

  async #find(
    api: JetStreamApi,
    { stream, query }: { readonly stream: string; readonly query: Parameters<JetStreamApi['message']>[1] },
    signal: AbortSignal | undefined,
  ): Promise<ApiMessage | undefined> {
    const found = await api.message(stream, query, new Deadline(LOOK_TIMEOUT_MS, signal));
    return findValue(found, ApiCode.messageNotFound, `reading from stream ${stream}`);
  }
}

function mirrorOf({ mirror }: StreamConfig): StreamSource {
  return mirror as StreamSource;
}

/** The subjects that a mirror copies; none for all. */
function filtersOf({
  filter_subject: filter = '',
  subject_transforms: transforms = [],
}: StreamSource): string[] {
  const sources = transforms.flatMap(({ src }) => src ?? []);
  return filter === '' ? sources : [filter, ...sources];
}

/** A limit under which a stream drops messages by itself. */
function limitOf(config: StreamConfig): string | undefined {
  const limits = ['max_age', 'max_msgs', 'max_bytes', 'max_msgs_per_subject'] as const;
  const limit = limits.find((name) => (config[name] ?? 0) > 0);
  return limit && `it has ${limit} ${config[limit]}`;
}

function domainOf(api: string): string | undefined {
  return DOMAIN_API.exec(api)?.[1];
}

function isSame(one: ApiMessage, other: ApiMessage): boolean {
  return one.subject === other.subject && Buffer.compare(one.data, other.data) === 0;
}
