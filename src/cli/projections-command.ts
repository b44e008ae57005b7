import { Command, InvalidArgumentError } from 'commander';
import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { checkedRebuildStart } from '../projection/start/projection-start.js';
import { encodeStart } from '../projection/start/start-text.js';
import { factsOf, listLines, statusLines } from './projections/describe-projections.js';
import { ProjectionRecords } from './projections/projection-records.js';
import { rebuildProjection } from './projections/rebuild-projection.js';
import { cancelRebuild, resetProjection, serveProjection } from './projections/request-projection.js';
import { steerProjection } from './projections/steer-projection.js';
import { processSurroundings, type ProjectionsSurroundings } from './projections/surroundings.js';
import { type StoreFlags, withStoreFlags } from './store-flags.js';

/** As shells count a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Flags of `jetsource projections`. */
export interface ProjectionsFlags extends StoreFlags {
  readonly projectionVersion?: number;
  readonly json?: boolean;
}

interface RebuildFlags extends ProjectionsFlags {
  readonly fromSequence?: number;
  readonly fromTime?: Date;
  readonly detach?: boolean;
  readonly progress: boolean;
}

interface ResetFlags extends ProjectionsFlags {
  readonly yes?: boolean;
}

/** Works with the records of a store; returns whether it came to its end. */
type Work = (records: ProjectionRecords, surroundings: ProjectionsSurroundings) => Promise<boolean>;

/** The command `jetsource projections`: how the projections of a store are doing, over all processes; steers them. */
export function projectionsCommand(surroundingsOf = processSurroundings): Command {
  const command = new Command('projections').description(
    'the projections of a store, over all processes that run them. It knows what these tell each other beside the store, and no database; live projections are each process’s own, and not known',
  );
  const run = async (flags: ProjectionsFlags, work: Work): Promise<void> => {
    const surroundings = surroundingsOf();
    const records = await ProjectionRecords.open(flags);
    try {
      if (!(await work(records, surroundings))) process.exitCode = INTERRUPTED;
    } finally {
      await records.close();
    }
  };
  const add = (name: string, description: string): Command =>
    withStoreFlags(command.command(name).description(description)).option('--json', 'print JSON');
  const one = (name: string, description: string): Command =>
    add(name, description)
      .argument('<name>', 'name of the projection')
      .option(
        '--projection-version <number>',
        'its version (default: the newest one that is known)',
        positiveInteger,
      );

  add('list', 'print all projections: state, owners, position, lag, rate, and how old that is').action(
    async (flags: ProjectionsFlags) => run(flags, listing(flags)),
  );
  one('status', 'print one projection with each lane, errors, and the rebuild under way').action(
    async (name: string, flags: ProjectionsFlags) => run(flags, showing(name, flags)),
  );
  one('rebuild', 'build the model again by replay, and show how far it is; Ctrl-C leaves the rebuild going')
    .option('--from-sequence <number>', 'begin at that sequence of the store', positiveInteger)
    .option('--from-time <time>', 'begin with what was stored from that time on (ISO 8601)', time)
    .option('--detach', 'do not wait for the end')
    .option('--no-progress', 'print lines instead of a progress bar')
    .action(async (name: string, flags: RebuildFlags) => {
      const from = startOf(flags);
      const asked = { ...chosen(name, flags), from, detach: flags.detach, hasBar: flags.progress };
      await run(flags, async (records, around) => rebuildProjection(records, asked, around));
    });
  one(
    'cancel-rebuild',
    'end a rebuild beside the model that readers see, also one that has failed, and drop what it has built',
  ).action(async (name: string, flags: ProjectionsFlags) =>
    run(flags, async (records, around) => cancelRebuild(records, chosen(name, flags), around)),
  );
  one('pause', 'stop a projection in all processes, after the transactions in progress, until resume').action(
    async (name: string, flags: ProjectionsFlags) =>
      run(flags, async (records, around) =>
        steerProjection(records, { ...chosen(name, flags), isPaused: true }, around),
      ),
  );
  one('resume', 'let a paused projection go on from where it stands').action(
    async (name: string, flags: ProjectionsFlags) =>
      run(flags, async (records, around) =>
        steerProjection(records, { ...chosen(name, flags), isPaused: false }, around),
      ),
  );
  one(
    'reset',
    'empty the model of a paused projection, and move it to the beginning of the log. Pause it first; it is built again after resume, and readers see what is missing until then. A rebuild does not need that',
  )
    .option('--yes', 'do not ask')
    .action(async (name: string, flags: ResetFlags) =>
      run(flags, async (records, around) =>
        resetProjection(records, { ...chosen(name, flags), yes: flags.yes }, around),
      ),
    );
  serveCommand(
    add('serve', 'let readers see that version, such as the one before, whose model still stands'),
    run,
  );
  return command;
}

function serveCommand(command: Command, run: (flags: ProjectionsFlags, work: Work) => Promise<void>): void {
  command
    .argument('<name>', 'name of the projection')
    .requiredOption(
      '--projection-version <number>',
      'the version that readers are to see; a service must run it',
      positiveInteger,
    )
    .action(async (name: string, flags: ProjectionsFlags) =>
      run(flags, async (records, around) => serveProjection(records, chosen(name, flags), around)),
    );
}

function listing({ json }: ProjectionsFlags): Work {
  return async (records, { print }) => {
    const all = await records.survey();
    const lines = json === true ? all.map((each) => JSON.stringify(factsOf(each))) : listLines(all);
    lines.forEach((line) => print(line));
    return true;
  };
}

function showing(name: string, flags: ProjectionsFlags): Work {
  return async (records, { print }) => {
    const found = await records.find(chosen(name, flags));
    const lines = flags.json === true ? [JSON.stringify(factsOf(found))] : statusLines(found);
    lines.forEach((line) => print(line));
    return true;
  };
}

function chosen(name: string, { projectionVersion: version, json }: ProjectionsFlags) {
  return { name, version, json };
}

/** As the record of a request holds it; undefined for the beginning. */
function startOf({ fromSequence, fromTime }: RebuildFlags): string | undefined {
  if (fromSequence !== undefined && fromTime !== undefined) {
    const allowed = 'given without --from-time';
    throw new InvalidOptionError({ option: '--from-sequence', given: fromSequence, allowed });
  }
  if (fromSequence !== undefined) return encodeStart({ sequence: fromSequence }) ?? undefined;
  if (fromTime === undefined) return undefined;
  return encodeStart(checkedRebuildStart('--from-time', { time: fromTime })) ?? undefined;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError('must be an integer of at least 1.');
}

/** With a zone or as a date only: a time without a zone would be another one on another machine. */
function time(text: string): Date {
  const value = new Date(text);
  const isClear = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/.test(text);
  if (isClear && !Number.isNaN(value.getTime())) return value;
  throw new InvalidArgumentError('must be a time such as 2026-01-31 or 2026-01-31T12:00:00Z.');
}
