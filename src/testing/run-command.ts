import { execFile } from 'node:child_process';

/** What a finished program left behind. */
export interface CommandResult {
  /** Exit code 0. */
  readonly ok: boolean;
  readonly stdout: string;
  /** Why it failed, in one line; empty when `ok`. */
  readonly reason: string;
}

/** Runs a program to its end; never throws. `timeoutMs` and `signal` end it with SIGKILL. */
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
    // execFile's own option would not wait for the end, nor use SIGKILL
    const kill = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', kill);
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.trim() ?? '';
}
