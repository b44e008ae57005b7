import type { JetStreamConnection } from '../jetstream/connection/jetstream-connection.js';
import { JetStreamRecordTable } from '../jetstream/records/jetstream-record-table.js';
import { laneViewOf } from '../lane/lane-view.js';
import { SILENT_SECONDS } from './projections/projection-survey.js';

/**
 * The names of the works that processes share on a log and can run: of those that have been heard of lately.
 * Creates nothing.
 *
 * @throws {@link NatsError} when the records beside the log cannot be read.
 */
export async function livingWorks(
  connection: JetStreamConnection,
  logStream: string,
): Promise<ReadonlySet<string>> {
  const records = new JetStreamRecordTable(connection, logStream);
  // before the records are read, so that none seems older than it is
  const now = await records.now();
  if (now === undefined) return new Set();
  const { members } = laneViewOf(await records.list());
  const living = [...members.values()].filter(({ storedAt }) => now - storedAt <= SILENT_SECONDS * 1_000);
  return new Set(living.flatMap(({ works }) => Object.keys(works)));
}
