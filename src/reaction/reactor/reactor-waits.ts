import { parsePosition, type Position } from '../../event/position.js';
import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import { Backoff } from '../../kernel/backoff.js';
import { Deadline } from '../../kernel/deadline.js';
import { checkKnownOptions, integerOption, LONGEST_TIMER_MS } from '../../kernel/options.js';
import { sleep } from '../../kernel/sleep.js';
import { covers } from '../../jetstream/names/subject-pattern.js';
import { MessageReader } from '../../jetstream/read/message-reader.js';
import { WaitTimeoutError } from '../../projection/projection-errors.js';
import type { ReactorConsumers } from './reactor-consumers.js';
import type { ReactorDefinition } from './reactor-definition.js';
import { laneFilters } from './reactor-filters.js';

const TIMEOUT_MS = 10_000;
/** Pauses between two looks, in milliseconds: first, and at most. */
const LOOK_MS = { first: 10, longest: 200 };

/** Options of a wait for a reactor. */
export interface WaitUntilHandledOptions {
  /** Name of the only reactor that is waited for. @default all */
  readonly reactor?: string | undefined;
  /** @default 10_000 */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until reactors have handled or parked what is stored at a position. */
export class ReactorWaits {
  readonly #store: JetStreamEventStore;
  readonly #consumers: ReactorConsumers;
  readonly #reader: MessageReader;

  constructor(store: JetStreamEventStore, consumers: ReactorConsumers) {
    this.#store = store;
    this.#consumers = consumers;
    this.#reader = new MessageReader(store.connection, store.jetStream);
  }

  async wait(
    position: Position,
    definitions: readonly ReactorDefinition[],
    options: Omit<WaitUntilHandledOptions, 'reactor'>,
  ): Promise<void> {
    const { sequence } = parsePosition(position);
    const timeoutMs = integerOption('timeoutMs', options.timeoutMs, {
      fallback: TIMEOUT_MS,
      max: LONGEST_TIMER_MS,
    });
    const deadline = new Deadline(timeoutMs, options.signal);
    const message = await this.#reader.bySequenceAtLeader(sequence, deadline);
    // nobody gets what is gone
    if (message === undefined) return;
    const lanes = definitions.flatMap((definition) => {
      const lane = this.#laneOf(definition, message.subject);
      return lane === undefined ? [] : [{ definition, lane }];
    });
    await Promise.all(lanes.map(async (lane) => this.#untilDone(lane, { position, sequence, deadline })));
  }

  /** Undefined where the reactor does not get it. */
  #laneOf(definition: ReactorDefinition, subject: string): number | undefined {
    const { lanes = 1 } = definition;
    const all = Array.from({ length: lanes }, (_, lane) => lane);
    return all.find((lane) =>
      laneFilters(definition, { lane, lanes }, this.#store).some((filter) => covers(filter, subject)),
    );
  }

  async #untilDone(
    { definition, lane }: { readonly definition: ReactorDefinition; readonly lane: number },
    { position, sequence, deadline }: { position: Position; sequence: number; deadline: Deadline },
  ): Promise<void> {
    const backoff = new Backoff(LOOK_MS.first, LOOK_MS.longest);
    let lag = 'its consumer is gone';
    do {
      const info = await this.#consumers.info(definition, lane, deadline.signal);
      if (info !== undefined && info.ack_floor.stream_seq >= sequence) return;
      if (info !== undefined)
        lag = `${info.num_pending} commits are not delivered, and ${info.num_ack_pending} not acknowledged`;
      await sleep(Math.min(backoff.next(), deadline.leftMs), deadline.signal);
    } while (!deadline.passed);
    const what = `reactor ${definition.name} at position ${position}`;
    throw new WaitTimeoutError({ what, timeoutMs: deadline.totalMs, progress: `in lane ${lane}, ${lag}` });
  }
}

export function checkWaitOptions(options: WaitUntilHandledOptions): void {
  checkKnownOptions(options, ['reactor', 'timeoutMs', 'signal']);
}
