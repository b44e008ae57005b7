import { randomUUID } from 'node:crypto';
import { sleep } from '../../kernel/sleep.js';
import { describeProjection, type ProjectionId } from '../../projection/definition/projection-id.js';
import type { ControlRequest } from '../../projection/operation/control-record.js';
import { ProjectionBusyError, ProjectionFailedError } from '../../projection/projection-errors.js';
import { NOBODY, processText } from './describe-projections.js';
import type { ProjectionRecords } from './projection-records.js';
import type { SurveyedProcess, SurveyedProjection } from './projection-survey.js';
import type { Patience, ProjectionsSurroundings } from './surroundings.js';

/** What is asked of the process that runs a projection. */
export type Wish = Pick<ControlRequest, 'kind' | 'from'>;

/** Told of each look at a projection while a request is being done. */
export type OnLook = (seen: SurveyedProjection) => void;

/** A request to the process that owns the first lane of a projection, which it does and answers. */
export class Request {
  readonly #records: ProjectionRecords;
  readonly #id: ProjectionId;
  readonly #wish: Wish;
  readonly #surroundings: ProjectionsSurroundings;
  readonly #request: string = randomUUID();
  /** The owners of the first lane before the request was seen to be taken, by one of them. */
  #takers: readonly SurveyedProcess[];

  constructor(
    records: ProjectionRecords,
    { projection, wish }: { readonly projection: SurveyedProjection; readonly wish: Wish },
    surroundings: ProjectionsSurroundings,
  ) {
    this.#records = records;
    this.#id = projection.id;
    this.#takers = firstOwners(projection);
    this.#wish = wish;
    this.#surroundings = surroundings;
  }

  /** Takes the place of a request that was made before, as a second call in a process would. */
  async ask(): Promise<void> {
    const request: ControlRequest = { ...this.#wish, id: this.#request, state: 'asked' };
    await this.#records.change(this.#id, (control) => ({ ...control, request }));
  }

  /**
   * @returns whether it was done; false when the signal aborted before.
   * @throws {@link ProjectionBusyError} when nobody takes it, or it was refused.
   * @throws {@link ProjectionFailedError} when a rebuild fails, is replaced, or who did it is gone.
   */
  async done(onLook: OnLook = () => undefined): Promise<boolean> {
    const { signal, patience } = this.#surroundings;
    const askedAt = performance.now();
    while (!signal.aborted) {
      const request = await this.#read();
      if (request.state === 'done') return true;
      if (request.state === 'failed') throw this.#failed(request.error ?? 'no reason was given');
      const seen = await this.#records.find(this.#id);
      if (request.state === 'taken') await this.#requireTaker(seen);
      else if (performance.now() - askedAt > patience.takenMs) await this.#withdraw(patience);
      else this.#takers = firstOwners(seen);
      onLook(seen);
      await sleep(patience.pollMs, signal).catch(() => undefined);
    }
    return false;
  }

  async #read(): Promise<ControlRequest> {
    const { request } = await this.#records.control(this.#id);
    if (request?.id === this.#request) return request;
    throw this.#failed('another request took the place of this one');
  }

  /** A process that dies leaves its requests as they are. */
  async #requireTaker({ processes }: SurveyedProjection): Promise<void> {
    const [taker] = this.#takers;
    const isThere = processes.some(({ member }) => this.#takers.some((each) => each.member === member));
    if (taker === undefined || isThere) return;
    // it may have done it right before
    if ((await this.#read()).state !== 'taken') return;
    const reason = `process ${processText(taker)}, which did what was asked, is gone; if others run the projection, they go on (see status), otherwise ask again`;
    throw this.#failed(reason);
  }

  /** Nobody has taken it: it must not be done when nobody expects it any more. */
  async #withdraw({ takenMs }: Patience): Promise<void> {
    const { request } = await this.#records.change(this.#id, (control) =>
      control.request?.id === this.#request && control.request.state === 'asked'
        ? { ...control, request: undefined }
        : undefined,
    );
    if (request === undefined) throw this.#refused(`nobody took the request within ${takenMs} ms`);
  }

  #failed(reason: string): Error {
    if (this.#wish.kind !== 'rebuild') return this.#refused(reason);
    const { name: projection, version } = this.#id;
    return new ProjectionFailedError({ projection, version, reason: `the rebuild failed: ${reason}` });
  }

  #refused(reason: string): ProjectionBusyError {
    const { name: projection, version } = this.#id;
    return new ProjectionBusyError({ projection, version, reason });
  }
}

function firstOwners({ status, processes }: SurveyedProjection): SurveyedProcess[] {
  const owners = status?.lanes.filter(({ lane }) => lane === 0).map(({ owner }) => owner?.member) ?? [];
  return processes.filter(({ member }) => owners.includes(member));
}

/** @throws {@link ProjectionBusyError} when no process is there that could do a request. */
export function requireRun({ id, status, silent }: SurveyedProjection, kind: Wish['kind']): void {
  if (status !== undefined) return;
  const last = silent.map((each) => processText(each)).join(', ');
  const gone = last === '' ? '' : ` (${last} is silent)`;
  const reason = `${NOBODY}${gone}; a ${kind} is done by the service that runs ${describeProjection(id)}: start it first`;
  throw new ProjectionBusyError({ projection: id.name, version: id.version, reason });
}
