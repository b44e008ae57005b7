import { randomUUID } from 'node:crypto';
import type { JetStreamLog } from '../../jetstream/jetstream-log.js';
import type { ProjectionId } from '../../projection/definition/projection-id.js';
import type { Control } from '../../projection/operation/control-record.js';
import { Controls } from '../../projection/operation/controls.js';
import { encodeProgressWord } from '../../projection/operation/progress-word.js';
import { openLog, type StoreFlags } from '../store-flags.js';
import { findSurveyed, type SurveyedProjection, surveyProjections } from './projection-survey.js';

/** The projections of a store, as the records beside it show and steer them. */
export class ProjectionRecords {
  readonly #log: JetStreamLog;
  readonly #controls: Controls;

  private constructor(log: JetStreamLog) {
    this.#log = log;
    this.#controls = new Controls(log.records);
  }

  /** @throws what {@link openLog} throws. */
  static async open(flags: StoreFlags): Promise<ProjectionRecords> {
    return new ProjectionRecords(await openLog(flags, 'jetsource projections'));
  }

  /** All projections that are known. Creates nothing. */
  async survey(): Promise<SurveyedProjection[]> {
    // before the records are read, so that none seems older than it is
    const now = await this.#log.records.now();
    if (now === undefined) return [];
    return surveyProjections({ records: await this.#log.records.list(), now });
  }

  /** @throws {@link UnknownProjectionError} with the list of what there is. */
  async find(which: {
    readonly name: string;
    readonly version?: number | undefined;
  }): Promise<SurveyedProjection> {
    return findSurveyed(await this.survey(), which);
  }

  /** How a projection is to be run, read from the leader. */
  async control(id: ProjectionId): Promise<Control> {
    return this.#controls.get(id);
  }

  /** Changes how a projection is to be run, and tells the processes that run it. */
  async change(id: ProjectionId, change: (control: Control) => Control | undefined): Promise<Control> {
    const { control } = await this.#controls.change(id, change);
    this.#log.peers.tell(encodeProgressWord({ kind: 'changed', from: randomUUID() }));
    return control;
  }

  async close(): Promise<void> {
    await this.#log.close();
  }
}
