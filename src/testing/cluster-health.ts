import { NatsError } from '../jetstream/connection/connection-errors.js';
import { WaitTimeoutError } from '../projection/projection-errors.js';
import { sleep } from '../kernel/sleep.js';

/** A node as its monitoring tells of it. */
export interface ClusterNode {
  readonly name: string;
  /** Base URL of HTTP monitoring. */
  readonly monitoringUrl: string;
}

/** The part of `/jsz` that tells of the group that manages all streams. */
interface MetaGroup {
  readonly leader?: string;
  readonly cluster_size: number;
  /** Told by the leader only. */
  readonly replicas?: readonly { name: string; current: boolean; offline?: boolean }[];
}

const POLL_MS = 50;
const REQUEST_TIMEOUT_MS = 1_000;

/**
 * Waits until JetStream is healthy on every one of `nodes` (those that run, of `size`), and all name the same leader,
 * which runs and sees the others up to date. Gives the leader's name.
 * @throws {@link WaitTimeoutError} when that takes longer than `timeoutMs`
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
  if (seen === undefined) return { fault: `the leader ${leader} does not run` };
  if (seen.cluster_size !== size) return { fault: `the leader knows of ${seen.cluster_size} nodes` };
  const current = new Set(
    (seen.replicas ?? []).filter((peer) => peer.current && !peer.offline).map(({ name }) => name),
  );
  const behind = nodes.filter((node) => node.name !== leader && !current.has(node.name));
  return behind.length === 0 ? { leader } : { fault: `behind: ${behind.map(({ name }) => name).join(', ')}` };
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
  throw new NatsError(`${name} answers ${response.status} to ${path}: ${body}`);
}
