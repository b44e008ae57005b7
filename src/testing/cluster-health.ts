import { NatsError } from '../jetstream/connection/connection-errors.js';
import { WaitTimeoutError } from '../projection/projection-errors.js';
import { sleep } from '../kernel/sleep.js';

/** A node of a cluster and its HTTP monitoring. */
export interface ClusterNode {
  readonly name: string;
  /** Base URL of HTTP monitoring. */
  readonly monitoringUrl: string;
}

/** The part of `/jsz` about the meta group, which manages all streams. */
interface MetaGroup {
  readonly leader?: string;
  readonly cluster_size: number;
  /** Reported by the leader only. */
  readonly replicas?: readonly { name: string; current: boolean; offline?: boolean }[];
}

const POLL_MS = 50;
const REQUEST_TIMEOUT_MS = 1_000;

/**
 * Waits until the cluster is healthy and returns the name of its leader. `nodes` are the running nodes of a
 * cluster of `size`. Healthy means: JetStream is healthy on all of them, they name the same leader, the
 * leader runs, and it sees the others up to date.
 * @throws {@link WaitTimeoutError} when the cluster is not healthy within `timeoutMs`
 */
export async function healthyCluster(
  nodes: readonly ClusterNode[],
  size: number,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const health = await look(nodes, size);
    if ('leader' in health) return health.leader;
    if (performance.now() >= deadline) {
      throw new WaitTimeoutError({ what: 'a healthy cluster', timeoutMs, progress: health.fault });
    }
    await sleep(POLL_MS, signal);
  }
}

async function look(
  nodes: readonly ClusterNode[],
  size: number,
): Promise<{ leader: string } | { fault: string }> {
  try {
    await Promise.all(nodes.map((node) => request(node, '/healthz')));
    const groups = await Promise.all(nodes.map(metaGroup));
    return agreement(nodes, groups, size);
  } catch (error) {
    return { fault: String(error) };
  }
}

function agreement(
  nodes: readonly ClusterNode[],
  groups: readonly MetaGroup[],
  size: number,
): { leader: string } | { fault: string } {
  const leaders = new Set(groups.map((group) => group.leader ?? ''));
  const leader = groups[0]?.leader ?? '';
  if (leaders.size !== 1 || leader === '') return { fault: 'the nodes do not agree on a leader' };
  const index = nodes.findIndex((node) => node.name === leader);
  const seen = groups[index];
  if (seen === undefined) return { fault: `the leader ${leader} is not running` };
  if (seen.cluster_size !== size)
    return { fault: `the leader reports a cluster of ${seen.cluster_size} nodes` };
  const current = new Set(
    (seen.replicas ?? []).filter((peer) => peer.current && !peer.offline).map(({ name }) => name),
  );
  const lagging = nodes.filter((node) => node.name !== leader && !current.has(node.name));
  return lagging.length === 0
    ? { leader }
    : { fault: `not up to date: ${lagging.map(({ name }) => name).join(', ')}` };
}

async function metaGroup(node: ClusterNode): Promise<MetaGroup> {
  const told = JSON.parse(await request(node, '/jsz')) as { meta_cluster?: MetaGroup };
  return told.meta_cluster ?? { cluster_size: 0 };
}

async function request({ name, monitoringUrl }: ClusterNode, path: string): Promise<string> {
  const response = await fetch(`${monitoringUrl}${path}`, {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  });
  const body = await response.text();
  if (response.ok) return body;
  throw new NatsError(`${name} answered ${path} with status ${response.status}: ${body}`);
}
