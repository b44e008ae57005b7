import { sleep } from '../kernel/sleep.js';
import type { NatsServerContainer } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';

/** Step 7: a container, if testcontainers is installed and a container runtime is running. */
export const containerStep: NatsServerStep<NatsServerContainer> = { name: 'container', slow: true, run };

const IMAGE = 'nats:2.14-alpine';
const RUNTIME_TIMEOUT_MS = 10_000;

/** The part of testcontainers that is used here. It is an optional package, so its types are not imported. */
interface Testcontainers {
  readonly GenericContainer: new (image: string) => ContainerBuilder;
  readonly Wait: { forLogMessage(message: RegExp): unknown };
  getContainerRuntimeClient(): Promise<unknown>;
}

interface ContainerBuilder {
  withCommand(command: string[]): this;
  withExposedPorts(port: number | { container: number; host: number }): this;
  withWaitStrategy(strategy: unknown): this;
  withStartupTimeout(timeoutMs: number): this;
  start(): Promise<StartedContainer>;
}

interface StartedContainer {
  getHost(): string;
  getMappedPort(port: number): number;
  stop(): Promise<unknown>;
}

async function run({ signal }: StepContext): Promise<StepResult<NatsServerContainer>> {
  const library = await importTestcontainers();
  if (library === undefined) return { reason: 'the package testcontainers is not installed' };
  const runtime = await within(RUNTIME_TIMEOUT_MS, answers(library), signal);
  if (runtime !== undefined) return { reason: `no container runtime is running: ${runtime}` };
  return { found: { kind: 'container', image: IMAGE, start: (settings) => start(library, settings) } };
}

async function importTestcontainers(): Promise<Testcontainers | undefined> {
  // in a variable, so that the compiler does not resolve a package that may be absent
  const name: string = 'testcontainers';
  return import(name).then(
    (library: Testcontainers) => library,
    () => undefined,
  );
}

/** Undefined if a runtime is running, otherwise the reason. */
function answers(library: Testcontainers): Promise<string | undefined> {
  return library.getContainerRuntimeClient().then(
    () => undefined,
    (error: Error) => error.message,
  );
}

async function within(
  timeoutMs: number,
  answer: Promise<string | undefined>,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const controller = new AbortController();
  const end = signal === undefined ? controller.signal : AbortSignal.any([controller.signal, signal]);
  const silence = sleep(timeoutMs, end).then(
    () => `no answer within ${timeoutMs} ms`,
    () => (signal?.aborted === true ? 'aborted' : undefined),
  );
  try {
    return await Promise.race([answer, silence]);
  } finally {
    controller.abort();
  }
}

async function start(
  library: Testcontainers,
  settings: { port: number; timeoutMs: number },
): Promise<{ url: string; stop(): Promise<void> }> {
  const container = await new library.GenericContainer(IMAGE)
    .withCommand(['-js'])
    .withExposedPorts(settings.port === -1 ? 4222 : { container: 4222, host: settings.port })
    .withWaitStrategy(library.Wait.forLogMessage(/Server is ready/))
    .withStartupTimeout(settings.timeoutMs)
    .start();
  return {
    url: `nats://${container.getHost()}:${container.getMappedPort(4222)}`,
    stop: async () => void (await container.stop()),
  };
}
