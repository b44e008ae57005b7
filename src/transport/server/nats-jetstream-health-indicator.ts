import { Injectable } from '@nestjs/common';
import { type NatsJetStreamHealth, NatsJetStreamServer } from './nats-jetstream-server.js';

/** The result of the indicator, in the form that @nestjs/terminus expects. */
export type NatsJetStreamHealthResult = Record<
  string,
  NatsJetStreamHealth & { readonly status: 'up' | 'down' }
>;

/**
 * Health of the transport for @nestjs/terminus: up while the server is connected and every handler's consumer
 * is read.
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

  /**
   * The health of the server.
   *
   * @param key Name of the indicator in the report. @default `nats-jetstream`
   */
  isHealthy(key = 'nats-jetstream'): NatsJetStreamHealthResult {
    const health = this.#server.health();
    return { [key]: { status: health.isHealthy ? 'up' : 'down', ...health } };
  }
}
