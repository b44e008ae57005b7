import { readFile } from 'node:fs/promises';
import { isNativeError } from 'node:util/types';

/** Identifies a process. The start time distinguishes it from a later process with the same id. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the unit of the system. Empty on systems other than Linux. */
  readonly since: string;
}

/** The identity of a running process. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity> {
  return { pid, since: (await readStat(pid))?.since ?? '' };
}

/** Whether exactly this process still runs. */
export async function isRunning({ pid, since }: ProcessIdentity): Promise<boolean> {
  if (!exists(pid)) return false;
  const stat = await readStat(pid);
  if (stat === undefined || since === '') return true;
  // Z: the process has ended, but its parent may never collect it (the first process of a container)
  return stat.since === since && stat.state !== 'Z';
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process of another user, so it runs
    return isNativeError(error) && 'code' in error && error.code === 'EPERM';
  }
}

async function readStat(pid: number): Promise<{ state: string; since: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // the process name before it is in brackets and can contain any character
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, since] = [fields[0], fields[19]];
  return state === undefined || since === undefined ? undefined : { state, since };
}
