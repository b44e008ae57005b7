import type { RecordTable, StoredRecord } from '../../log/record-table.js';
import type { ProjectionId } from '../definition/projection-id.js';
import { ProjectionBusyError } from '../projection-errors.js';
import { CONTROL_PREFIX, type Control, controlKey, decodeControl, encodeControl } from './control-record.js';

/** Others may change a record between our read and our write. */
const TRIES = 20;

/** A control as it is stored. */
export interface StoredControl {
  readonly control: Control;
  /** 0 while there is none. */
  readonly revision: number;
}

/** The controls of a store's projections, which all processes and the command line share. */
export class Controls {
  readonly #records: RecordTable;

  constructor(records: RecordTable) {
    this.#records = records;
  }

  /** All controls as they were stored, by their key. May lag. */
  async list(signal?: AbortSignal): Promise<ReadonlyMap<string, StoredRecord>> {
    const records = await this.#records.list({ prefix: CONTROL_PREFIX, signal });
    return new Map(records.map((record) => [record.key, record]));
  }

  async get(id: ProjectionId, signal?: AbortSignal): Promise<Control> {
    return decodeControl((await this.#records.get(controlKey(id), signal))?.value);
  }

  /**
   * Changes a control.
   *
   * @param change Makes the next one from the one that is stored; undefined leaves it.
   * @returns the one that is stored then.
   * @throws {@link NatsError} when no server answers; {@link ProjectionBusyError} when others change it all
   * the time.
   */
  async change(
    id: ProjectionId,
    change: (control: Control) => Control | undefined,
    signal?: AbortSignal,
  ): Promise<StoredControl> {
    const key = controlKey(id);
    for (let tries = 1; ; tries += 1) {
      const stored = await this.#records.get(key, signal);
      const control = decodeControl(stored?.value);
      const next = change(control);
      if (next === undefined) return { control, revision: stored?.revision ?? 0 };
      const record = { key, value: encodeControl(next), revision: stored?.revision ?? 0 };
      const revision = await this.#records.put(record, signal);
      if (revision !== undefined) return { control: next, revision };
      if (tries === TRIES) throw new ProjectionBusyError({ projection: id.name, version: id.version });
    }
  }
}
