import { createInterface } from 'node:readline/promises';

/** Input, output and signal of the process that runs the command. */
export interface ProjectionsSurroundings {
  /** Writes a line to stdout. */
  readonly print: (line: string) => void;
  /** Writes a line to stderr. */
  readonly note: (line: string) => void;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** Whether a person sees stderr, and can answer. */
  readonly isTerminal: boolean;
  /** Asks the person. */
  readonly confirm: (question: string) => Promise<boolean>;
  readonly patience: Patience;
}

/** How long the command waits, in milliseconds. */
export interface Patience {
  /** Between two looks at the records. */
  readonly pollMs: number;
  /** For the process that runs the projection to take a request. */
  readonly takenMs: number;
  /** For the processes to say that they have paused, or go on. */
  readonly steeredMs: number;
  /** For an error that is waited out to go away. */
  readonly failingMs: number;
}

export const PATIENCE: Patience = { pollMs: 250, takenMs: 10_000, steeredMs: 15_000, failingMs: 30_000 };

/** Those of this process. A second Ctrl-C ends it at once. */
export function processSurroundings(): ProjectionsSurroundings {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  return {
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    signal: stop.signal,
    isTerminal: process.stderr.isTTY === true && process.stdin.isTTY === true,
    confirm: async (question) => confirmed(question, stop.signal),
    patience: PATIENCE,
  };
}

async function confirmed(question: string, signal: AbortSignal): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    // the terminal gives Ctrl-C to readline, which ends the input
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')));
    const answer = await Promise.race([lines.question(`${question} [y/N] `, { signal }), ended]);
    return /^y(es)?$/i.test(answer.trim());
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  } finally {
    lines.close();
  }
}
