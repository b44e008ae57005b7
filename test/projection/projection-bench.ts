import type { ProjectionDefinition } from '../../src/projection/definition/projection-definition.js';
import type { ProjectionStatus } from '../../src/projection/projection-status.js';
import { Projections } from '../../src/projection/projections.js';
import type { ProjectionLog } from './projection-log.js';
import { FaultyProjectionStore } from './faulty-projection-store.js';
import { OrderPlaced, orderLog, orderStream } from './orders.js';

export const quick = { timeoutMs: 2_000 };

/** A log, a database and the projections of one test. */
export class ProjectionBench {
  log: ProjectionLog = orderLog();
  readonly store = new FaultyProjectionStore();
  /** The errors passed to `onError`. */
  readonly reported: Error[] = [];
  readonly #open: Projections[] = [];

  projections(...definitions: ProjectionDefinition[]): Projections {
    const onError = (error: Error): void => void this.reported.push(error);
    const projections = new Projections(this.log, definitions, { onError });
    this.#open.push(projections);
    return projections;
  }

  async started(...definitions: ProjectionDefinition[]): Promise<Projections> {
    const projections = this.projections(...definitions);
    await projections.start();
    return projections;
  }

  async place(customer: string, amount = 1): ReturnType<ProjectionLog['append']> {
    return this.log.append(orderStream, [new OrderPlaced(customer, amount)]);
  }

  async stop(): Promise<void> {
    for (const projections of this.#open) await projections.stop();
  }
}

/** The status of the first projection. */
export function statusOf(projections: Projections): ProjectionStatus {
  return projections.status()[0] as ProjectionStatus;
}

export async function inState(
  projections: Projections,
  state: ProjectionStatus['state'],
  index = 0,
): Promise<ProjectionStatus> {
  const status = (): ProjectionStatus => projections.status()[index] as ProjectionStatus;
  for (let tries = 0; status().state !== state && tries < 300; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  expect(status().state).toBe(state);
  return status();
}

/** The error that a promise rejects with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => new RangeError('it resolved'),
    (error: Error) => error,
  );
}
