import type { JsonValue } from '../../event/json-value.js';
import { encodeSubjectToken } from '../../event/subject-token.js';
import { overlappedLanes } from '../../lane/lane-slots.js';
import type { RecordTable } from '../../log/record-table.js';
import type { ReactorConsumer } from './reactor-names.js';

const PREFIX = 'reactor';
/** The position of a consumer is noted no more often than this, in milliseconds. */
const NOTE_MS = 10_000;

/** How far a consumer was when that was noted. */
export interface NotedPosition extends ReactorConsumer {
  /** The sequence up to which all was done. */
  readonly floor: number;
  /** When the JetStream stream was created; null where that may not be asked for. */
  readonly created: string | null;
}

/** A position to be noted. */
export interface PositionToNote extends NotedPosition {
  /** Name of the consumer. */
  readonly consumer: string;
}

interface Own {
  readonly floor: number;
  readonly revision: number;
  /** As `performance.now()` tells it. */
  readonly at: number;
}

/**
 * How far the consumers of reactors are, noted beside the store: a consumer that is deleted while no instance runs
 * takes its position with it, and what was stored since would be missed.
 */
export class ReactorPositions {
  readonly #records: RecordTable;
  readonly #own = new Map<string, Own>();

  constructor(records: RecordTable) {
    this.#records = records;
  }

  /**
   * The floor that a consumer which is missing continues after; undefined where nothing of it was noted. Where its
   * reactor had another number of lanes, it is the lowest of those that it overlaps.
   */
  async floorOf(of: ReactorConsumer, created: string | null): Promise<number | undefined> {
    const noted = (await this.#records.list({ prefix: PREFIX }))
      .flatMap(({ value }) => decode(value) ?? [])
      .filter((each) => each.service === of.service && each.reactor === of.reactor)
      .filter((each) => each.created === created)
      .filter((each) => overlappedLanes(of, each.lanes).includes(each.lane));
    const same = noted.filter(({ lanes }) => lanes === of.lanes);
    const floors = (same.length > 0 ? same : noted).map(({ floor }) => floor);
    return floors.length === 0 ? undefined : Math.min(...floors);
  }

  /**
   * Notes how far a consumer is, unless that was done lately.
   *
   * @param isLast Whether it is not noted again.
   */
  async note({ consumer, ...position }: PositionToNote, isLast = false): Promise<void> {
    const own = this.#own.get(consumer);
    const isLate = own === undefined || performance.now() - own.at >= NOTE_MS;
    if (own?.floor === position.floor || !(isLate || isLast)) return;
    const key = keyOf(consumer);
    const revision = own?.revision ?? (await this.#records.get(key))?.revision ?? 0;
    const written = await this.#records.put({ key, value: { ...position }, revision });
    // another owner of the lane has written: its record is looked at next time
    if (written === undefined) this.#own.delete(consumer);
    else this.#own.set(consumer, { floor: position.floor, revision: written, at: performance.now() });
  }

  /** Forgets a consumer that was removed. */
  async forget(consumer: string): Promise<void> {
    const key = keyOf(consumer);
    this.#own.delete(consumer);
    const found = await this.#records.get(key);
    if (found !== undefined) await this.#records.remove(key, found.revision);
  }
}

function keyOf(consumer: string): string {
  return `${PREFIX}.${encodeSubjectToken(consumer)}`;
}

/** Undefined for what is none. */
function decode(value: JsonValue): NotedPosition | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { service, reactor, lane, lanes, floor, created = null } = value as Record<string, unknown>;
  if (typeof service !== 'string' || typeof reactor !== 'string') return undefined;
  if (typeof lane !== 'number' || typeof lanes !== 'number' || typeof floor !== 'number') return undefined;
  return { service, reactor, lane, lanes, floor, created: typeof created === 'string' ? created : null };
}
