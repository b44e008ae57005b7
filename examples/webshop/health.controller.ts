import { Controller, Get } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { ReactorsHealthIndicator } from 'jetsource/cqrs';
import { JetsourceHealthIndicator } from 'jetsource/nestjs';

/** Whether the store answers, and whether projections and handlers make progress. */
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly store: JetsourceHealthIndicator,
    private readonly reactors: ReactorsHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  async check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.store.isHealthy('store'), () => this.reactors.isHealthy()]);
  }
}
