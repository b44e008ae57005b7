import { Injectable } from '@nestjs/common';
import { type NatsJetStreamHealth, NatsJetStreamServer } from './nats-jetstream-server.js';

/** What @nestjs/terminus takes for an indicator's result. */
export type NatsJetStreamHealthResult = Record<
  string,
  NatsJetStreamHealth & { readonly status: 'up' | 'down' }
>;

/**
 * Tells @nestjs/terminus how the transport is doing: up while the connection stands and every handler's consumer is read.
 *
 * @example
 * \@Get('health')
 * \@HealthCheck()
 * check(): Promise<HealthCheckResult> {
 *   return this.health.check([() => this.nats.isHealthy()]);
 * }
 */
@Injectable()
export class NatsJetStreamHealthIndicator {
  readonly #server: NatsJetStreamServer;

  constructor(server: NatsJetStreamServer) {
    this.#server = server;
  }

  /** @param key Name of the indicator in the report. @default `nats-jetstream` */
  isHealthy(key = 'nats-jetstream'): NatsJetStreamHealthResult {
    const health = this.#server.health();
    return { [key]: { status: health.isHealthy ? 'up' : 'down', ...health } };
  }
}
