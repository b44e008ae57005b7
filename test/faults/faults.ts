import { setTimeout as delay } from 'node:timers/promises';
import type { NatsCluster } from '../../src/testing/nats-cluster.js';
import type { RawNats } from '../support/raw-nats.js';
import type { TcpProxy } from '../support/tcp-proxy.js';

/** The cluster, proxies and store that faults are applied to. */
export interface Victims {
  readonly cluster: NatsCluster;
  readonly proxies: readonly TcpProxy[];
  readonly store: string;
  /** A connection to any running server. */
  readonly raw: RawNats;
}

export interface Fault {
  readonly name: string;
  readonly inflict: (victims: Victims) => Promise<void>;
}

/** Index of the server that leads the JetStream stream of the store. */
async function leaderOf({ raw, store, cluster }: Victims): Promise<number> {
  for (;;) {
    try {
      const info = await raw.api<{ cluster?: { leader?: string } }>(`STREAM.INFO.${store}`);
      const leader = info.cluster?.leader;
      if (leader !== undefined) return Number(leader.slice(1)) - 1;
    } catch {
      // an election is in progress
    }
    await cluster.ready();
    await delay(100);
  }
}

async function killLeader(victims: Victims, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  const leader = await leaderOf(victims);
  await victims.cluster.kill(leader, signal);
  await delay(2_000);
  await victims.cluster.restart(leader);
}

export const FAULTS: readonly Fault[] = [
  { name: 'SIGKILL of the leader', inflict: async (victims) => killLeader(victims, 'SIGKILL') },
  { name: 'SIGTERM of the leader', inflict: async (victims) => killLeader(victims, 'SIGTERM') },
  {
    name: 'SIGSTOP of the leader for 3 s',
    inflict: async (victims) => {
      const leader = await leaderOf(victims);
      victims.cluster.signal(leader, 'SIGSTOP');
      await delay(3_000);
      victims.cluster.signal(leader, 'SIGCONT');
      await victims.cluster.ready();
    },
  },
  {
    name: 'three step-downs of the leader',
    inflict: async (victims) => {
      for (let time = 0; time < 3; time += 1) {
        await leaderOf(victims);
        await victims.raw.api(`STREAM.LEADER.STEPDOWN.${victims.store}`, {}).catch(() => undefined);
        await delay(700);
      }
    },
  },
  {
    name: 'connections cut, with answers lost before',
    inflict: async ({ proxies }) => {
      for (const proxy of proxies) {
        proxy.deafen();
        await delay(400);
        proxy.cut();
      }
      await delay(1_000);
    },
  },
  {
    name: 'connections delayed by 400 ms',
    inflict: async ({ proxies }) => {
      for (const proxy of proxies) proxy.lag(400);
      await delay(3_000);
      for (const proxy of proxies) proxy.lag(0);
    },
  },
];
