import { readFile } from 'node:fs/promises';
import { isNativeError } from 'node:util/types';

/** Tells a process from a later one with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own unit; empty where the system does not tell (all but Linux). */
  readonly since: string;
}

/** The identity of a process that runs. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity> {
  return { pid, since: (await readStat(pid))?.since ?? '' };
}

/** Whether that very process still runs. */
export async function isRunning({ pid, since }: ProcessIdentity): Promise<boolean> {
  if (!exists(pid)) return false;
  const stat = await readStat(pid);
  if (stat === undefined || since === '') return true;
  // a container's first process may never collect what has ended (Z)
  return stat.since === since && stat.state !== 'Z';
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // somebody else's process: it is there, and not ours to signal
    return isNativeError(error) && 'code' in error && error.code === 'EPERM';
  }
}

async function readStat(pid: number): Promise<{ state: string; since: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // the name before it stands in brackets and may hold anything
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, since] = [fields[0], fields[19]];
  return state === undefined || since === undefined ? undefined : { state, since };
}
