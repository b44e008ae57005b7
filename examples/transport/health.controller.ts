import { Controller, Get } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { NatsJetStreamHealthIndicator } from 'jetsource/transport';

/** Reports whether the connection is open and every handler receives events. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly transport: NatsJetStreamHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  async check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.transport.isHealthy()]);
  }
}
