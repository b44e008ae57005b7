import { Command } from 'commander';
import { verifyLog } from '../event-store/verify/verify-log.js';
import type { StoreFault } from '../event-store/verify/store-fault.js';
import { hasJetsourceBrand } from '../kernel/jetsource-error.js';
import { openLog, type StoreFlags, withStoreFlags } from './store-flags.js';

/** Messages between two lines of progress. */
const PROGRESS = 100_000;

/** Exit codes of `jetsource verify`. */
const EXIT = { sound: 0, faults: 1, notVerified: 2 } as const;

/** Flags of `jetsource verify`. */
export interface VerifyFlags extends StoreFlags {
  readonly json?: boolean;
}

/** Where the command writes. */
export interface VerifyOutput {
  /** Writes a line to stdout. */
  readonly print: (line: string) => void;
  /** Writes a line to stderr. */
  readonly note: (line: string) => void;
}

const CONSOLE: VerifyOutput = {
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
};

/** The command `jetsource verify`: walks a store and names every fault by its position. */
export function verifyCommand(output: VerifyOutput = CONSOLE): Command {
  const command = new Command('verify').description(
    'walk a store and name every fault by its position; exit with 1 if there are faults, with 2 if it could not be verified',
  );
  return withStoreFlags(command)
    .option('--json', 'print one line of JSON for each fault, and one for the result')
    .exitOverride((error) => process.exit(error.exitCode === 0 ? EXIT.sound : EXIT.notVerified))
    .action(async (flags: VerifyFlags) => {
      process.exitCode = await runVerify(flags, output);
    });
}

/**
 * @returns the exit code: 0 when the store is sound, 1 when there are faults, 2 when it could not be
 *   verified.
 */
export async function runVerify(flags: VerifyFlags, output: VerifyOutput): Promise<number> {
  try {
    return (await verify(flags, output)) ? EXIT.sound : EXIT.faults;
  } catch (error) {
    if (!hasJetsourceBrand(error)) throw error;
    output.note(error.message);
    return EXIT.notVerified;
  }
}

async function verify(flags: VerifyFlags, { print, note }: VerifyOutput): Promise<boolean> {
  const { store, json = false } = flags;
  const log = await openLog(flags, 'jetsource verify');
  try {
    let told = 0;
    const result = await verifyLog(log, {
      store,
      onFault: (fault) => print(json ? JSON.stringify(fault) : sentence(fault)),
      onProgress: (sequence) => {
        if (sequence - told < PROGRESS) return;
        told = sequence;
        note(`verified up to ${sequence}`);
      },
    });
    const { commits, streams, checks, faults } = result;
    if (json) print(JSON.stringify(result));
    else print(`${commits} commits of ${streams} streams, ${checks} left-over checks, ${faults} faults`);
    return faults === 0;
  } finally {
    await log.close();
  }
}

function sentence({ position, kind, stream, reason }: StoreFault): string {
  return `${position}  ${kind}  ${stream}: ${reason}`;
}
