export type { NatsClusterOptions } from './testing/nats-cluster-options.js';
export type { NatsCluster } from './testing/nats-cluster.js';
export type { NatsServerOptions } from './testing/nats-server-options.js';
export type { NatsServer } from './testing/nats-server.js';
export { startNatsCluster } from './testing/start-nats-cluster.js';
export { startNatsServer } from './testing/start-nats-server.js';
