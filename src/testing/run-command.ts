import { execFile } from 'node:child_process';

/** What a finished program left behind. */
export interface CommandResult {
  /** Exit code 0. */
  readonly ok: boolean;
  readonly stdout: string;
  /** Why it failed, in one line; empty when `ok`. */
  readonly reason: string;
}

/** Runs a program to its end; never throws. `timeoutMs` ends it with SIGKILL. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<CommandResult> {
  const { timeoutMs, env, cwd } = options;
  return new Promise((resolve) => {
    execFile(
      command,
      [...args],
      { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024, env, cwd, windowsHide: true },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ ok: true, stdout, reason: '' });
        const limit = error.killed === true ? `did not end within ${timeoutMs} ms` : undefined;
        resolve({ ok: false, stdout, reason: limit ?? (lastLine(stderr) || lastLine(error.message)) });
      },
    );
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
