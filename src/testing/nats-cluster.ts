import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { healthyCluster, type ClusterNode } from './cluster-health.js';
import type { NatsServer } from './nats-server.js';
import type { OwnedNatsServer } from './owned-nats-server.js';

/** A cluster of nats-servers with JetStream, all processes of ours. Servers are counted from 0. */
export class NatsCluster implements AsyncDisposable {
  readonly #nodes: readonly OwnedNatsServer[];
  readonly #names: readonly string[];
  readonly #timeoutMs: number;
  /** Those that were killed and not restarted. */
  readonly #down = new Set<number>();

  /** @internal use `startNatsCluster` */
  constructor(nodes: readonly OwnedNatsServer[], names: readonly string[], timeoutMs: number) {
    this.#nodes = nodes;
    this.#names = names;
    this.#timeoutMs = timeoutMs;
  }

  /** The client URL of each server. */
  get urls(): readonly string[] {
    return this.#nodes.map((node) => node.url);
  }

  /** All client URLs in one string, separated by commas. */
  get url(): string {
    return this.urls.join(',');
  }

  /** The servers themselves; kill and restart them by the cluster, which keeps account. */
  get servers(): readonly NatsServer[] {
    return this.#nodes;
  }

  /** The version that all of them have. */
  get version(): string {
    return this.#node(0).version;
  }

  /**
   * Waits until JetStream is healthy on all servers that were not killed, and gives the number of the one that leads
   * the cluster. Streams have leaders of their own.
   * @throws WaitTimeoutError after `startTimeoutMs`, for instance when the majority is down
   */
  async ready(options: { signal?: AbortSignal | undefined } = {}): Promise<number> {
    const running = this.#nodes.map((_, index) => index).filter((index) => !this.#down.has(index));
    const nodes = running.map((index) => this.#clusterNode(index));
    const leader = await healthyCluster(nodes, this.#nodes.length, {
      timeoutMs: this.#timeoutMs,
      signal: options.signal,
    });
    return this.#names.indexOf(leader);
  }

  /** As `kill` of a server. The others may need some seconds to elect a leader: see `ready`. */
  async kill(index: number, signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<void> {
    await this.#node(index).kill(signal);
    this.#down.add(index);
  }

  /** As `signal` of a server, such as SIGSTOP and SIGCONT. */
  signal(index: number, name: NodeJS.Signals): void {
    this.#node(index).signal(name);
  }

  /** As `restart` of a server; resolves when the cluster is `ready`. */
  async restart(index: number): Promise<void> {
    await this.#node(index).restart();
    this.#down.delete(index);
    await this.ready();
  }

  /** Ends all servers and removes their store folders unless a folder was given. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #node(index: number): OwnedNatsServer {
    const node = this.#nodes[index];
    if (node !== undefined) return node;
    const allowed = `an integer from 0 to ${this.#nodes.length - 1}`;
    throw new InvalidOptionError({ option: 'index', given: index, allowed });
  }

  #clusterNode(index: number): ClusterNode {
    const name = this.#names[index] ?? '';
    const { monitoringUrl } = this.#node(index);
    if (monitoringUrl !== undefined) return { name, monitoringUrl };
    throw new NatsServerUnavailableError(`${name} runs without HTTP monitoring`);
  }
}
