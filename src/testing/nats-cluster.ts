import { InvalidOptionError } from '../kernel/invalid-option-error.js';
import { NatsServerUnavailableError } from './nats-server-unavailable-error.js';
import { healthyCluster, type ClusterNode } from './cluster-health.js';
import type { NatsServer } from './nats-server.js';
import type { OwnedNatsServer } from './owned-nats-server.js';

/**
 * A running cluster of nats-servers with JetStream, started by {@link startNatsCluster}. Servers are numbered
 * from 0.
 */
export class NatsCluster implements AsyncDisposable {
  readonly #nodes: readonly OwnedNatsServer[];
  readonly #names: readonly string[];
  readonly #timeoutMs: number;
  /** Indexes of the servers that were killed and not restarted. */
  readonly #down = new Set<number>();

  /** @internal use `startNatsCluster` */
  constructor(nodes: readonly OwnedNatsServer[], names: readonly string[], timeoutMs: number) {
    this.#nodes = nodes;
    this.#names = names;
    this.#timeoutMs = timeoutMs;
  }

  /** Client URL of each server. */
  get urls(): readonly string[] {
    return this.#nodes.map((node) => node.url);
  }

  /** All client URLs, separated by commas, as the `servers` option of a store takes them. */
  get url(): string {
    return this.urls.join(',');
  }

  /**
   * The servers. Kill and restart them with the methods of the cluster, which tracks the servers that are
   * down.
   */
  get servers(): readonly NatsServer[] {
    return this.#nodes;
  }

  /** Version of nats-server, such as `2.14.0`. */
  get version(): string {
    return this.#node(0).version;
  }

  /**
   * Waits until JetStream is healthy on all servers that were not killed.
   *
   * @returns the index of the leader of the cluster (the meta leader). Each stream has its own leader.
   * @throws {@link WaitTimeoutError} after `startTimeoutMs`, such as when a majority is down
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

  /**
   * Kills a server, see {@link NatsServer.kill}. The others may need some seconds to elect a new leader: see
   * {@link ready}.
   */
  async kill(index: number, signal?: 'SIGKILL' | 'SIGTERM' | 'SIGINT'): Promise<void> {
    await this.#node(index).kill(signal);
    this.#down.add(index);
  }

  /** Sends a signal to a server, such as SIGSTOP and SIGCONT, see {@link NatsServer.signal}. */
  signal(index: number, name: NodeJS.Signals): void {
    this.#node(index).signal(name);
  }

  /** Restarts a server, see {@link NatsServer.restart}, and waits until the cluster is {@link ready}. */
  async restart(index: number): Promise<void> {
    await this.#node(index).restart();
    this.#down.delete(index);
    await this.ready();
  }

  /** Stops all servers. Removes their store folders unless `storeDir` was given. */
  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.stop()));
  }

  /** Calls {@link stop}, for `await using`. */
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
