import { execFile } from 'node:child_process';

/** Result of a program. */
export interface CommandResult {
  /** Whether the exit code is 0. */
  readonly ok: boolean;
  readonly stdout: string;
  /** Why it failed, one line; empty if `ok`. */
  readonly reason: string;
}

/** Runs a program until it ends. Never throws. `timeoutMs` and `signal` end it with SIGKILL. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: { timeoutMs: number; signal?: AbortSignal | undefined; env?: NodeJS.ProcessEnv; cwd?: string },
): Promise<CommandResult> {
  const { timeoutMs, signal, env, cwd } = options;
  if (signal?.aborted === true) return Promise.resolve({ ok: false, stdout: '', reason: 'aborted' });
  return new Promise((resolve) => {
    const child = execFile(
      command,
      [...args],
      { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024, env, cwd, windowsHide: true },
      (error, stdout, stderr) => {
        signal?.removeEventListener('abort', kill);
        if (error === null) return resolve({ ok: true, stdout, reason: '' });
        const limit =
          error.killed === true && signal?.aborted !== true
            ? `did not end within ${timeoutMs} ms`
            : undefined;
        resolve({ ok: false, stdout, reason: limit ?? (lastLine(stderr) || lastLine(error.message)) });
      },
    );
    // execFile's `signal` option does not wait for the end of the program
    const kill = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', kill);
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
