import 'reflect-metadata';
import { Controller, Get, Inject, type INestApplication } from '@nestjs/common';
import { HealthCheck, type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { Event, EventStore, Projections } from 'jetsource';
import {
  healthIndicatorToken,
  JetsourceHealthIndicator,
  JetsourceModule,
  type JetsourceModuleOptions,
  On,
  Projection,
} from 'jetsource/nestjs';
import { inMemoryEventStore, inMemoryProjectionStore } from 'jetsource/testing';
import { projectionHealth } from '../../src/nestjs/health/projection-health.js';
import type { ProjectionStatus } from '../../src/projection/projection-status.js';
import { sharedServerUrl, uniqueStoreName } from '../shared-server.js';

@Event('Placed')
class Placed {}

@Event('Broken')
class Broken {}

@Event('Endless')
class Endless {}

@Projection({ name: 'order-list', onFailure: { maxAttempts: 1 } })
class OrderList {
  end: () => void = () => undefined;

  async clear(): Promise<void> {}

  @On(Placed)
  placed(): void {}

  @On(Broken)
  broken(): void {
    throw new TypeError('no place');
  }

  @On(Endless)
  async endless(): Promise<void> {
    await new Promise<void>((resolve) => (this.end = resolve));
  }
}

@Controller('health')
class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly jetsource: JetsourceHealthIndicator,
    @Inject(healthIndicatorToken('billing')) private readonly billing: JetsourceHealthIndicator,
  ) {}

  @Get()
  @HealthCheck()
  async check(): Promise<HealthCheckResult> {
    return this.health.check([
      () => this.jetsource.isHealthy('jetsource', { maxLagCommits: 1_000 }),
      () => this.billing.isHealthy('billing'),
    ]);
  }
}

type Health = Awaited<ReturnType<JetsourceHealthIndicator['isHealthy']>>['jetsource'];

const open: INestApplication[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map(async (app) => app.close()));
});

async function start(): Promise<INestApplication> {
  const options = (): JetsourceModuleOptions => ({
    servers: sharedServerUrl(),
    name: uniqueStoreName(),
    events: [Placed, Broken, Endless],
    projectionStore: inMemoryProjectionStore({}),
  });
  const module = await Test.createTestingModule({
    imports: [
      TerminusModule.forRoot({ logger: false }),
      JetsourceModule.forRoot(options()),
      JetsourceModule.forRoot({ ...options(), alias: 'billing' }),
    ],
    controllers: [HealthController],
    providers: [OrderList],
  })
    .setLogger({ log: () => undefined, warn: () => undefined, error: () => undefined })
    .compile();
  const app = module.createNestApplication();
  await app.listen(0, '127.0.0.1');
  open.push(app);
  return app;
}

async function check(app: INestApplication): Promise<{ code: number; health: Health; billing: Health }> {
  const response = await fetch(`${await app.getUrl()}/health`);
  const { details } = (await response.json()) as { details: { jetsource: Health; billing: Health } };
  return { code: response.status, health: details.jetsource, billing: details.billing };
}

/** The answer of the health check once it is down. */
async function untilDown(app: INestApplication): ReturnType<typeof check> {
  for (;;) {
    const answer = await check(app);
    if (answer.code !== 200) return answer;
  }
}

describe('the health of a store, at a controller of terminus', () => {
  it('is up while the store answers and the projections run', async () => {
    const app = await start();
    const { position } = await app.get(EventStore).append('order/1', [new Placed()]);
    await app.get(Projections).waitUntilLive();
    await app.get(Projections).waitFor('order-list', position);
    const { code, health, billing } = await check(app);
    expect([code, health.status, billing]).toEqual([
      200,
      'up',
      { status: 'up', store: billing.store, projections: [] },
    ]);
    expect(health.projections).toEqual([
      { name: 'order-list', version: 1, state: 'live', position, pending: 0, lagSeconds: 0 },
    ]);
  });

  it('is down with 503 and the cause when a projection has failed', async () => {
    const app = await start();
    await app.get(EventStore).append('order/1', [new Broken()]);
    await expect(app.get(Projections).waitFor('order-list', '1.0' as never)).rejects.toThrow('no place');
    const { code, health } = await check(app);
    expect([code, health.status]).toEqual([503, 'down']);
    expect(health.message).toMatch(/projection order-list \(version 1\) has failed: .*no place/);
  });

  it('is down when no projection of the service runs, and when the store does not answer', async () => {
    const app = await start();
    await app.get(Projections).stop();
    const stopped = await check(app);
    expect(stopped.code).toBe(503);
    expect(stopped.health.message).toBe('projection order-list (version 1) does not run here');

    await app.get(EventStore).close();
    const { code, health } = await check(app);
    expect(code).toBe(503);
    expect(health.message).toContain(`store ${health.store} cannot be reached`);
  });

  it('is down while a handler does not return, and up after that', async () => {
    const app = await start();
    const { position } = await app.get(EventStore).append('order/1', [new Endless()]);
    const { health } = await untilDown(app);
    expect(health.message).toMatch(/order-list \(version 1\) is stuck since .*the handler of Endless at 1.0/);
    app.get(OrderList).end();
    await app.get(Projections).waitFor('order-list', position);
    expect((await check(app)).code).toBe(200);
  });
});

describe('the health of a store', () => {
  it('is down when the store has not answered in time', async () => {
    await using store = inMemoryEventStore({ events: [Placed] });
    store.lastSequence = () => new Promise<never>(() => undefined);
    const indicator = new JetsourceHealthIndicator(store, new Projections(store, []));
    const { jetsource } = await indicator.isHealthy('jetsource', { timeoutMs: 1 });
    expect(jetsource.status).toBe('down');
    expect(jetsource.message).toContain('no answer within 1 ms');
    await expect(indicator.isHealthy('jetsource', { maxLag: 1 } as never)).rejects.toThrow('maxLag must be');
  });

  const owner = { member: 'm', host: 'h', pid: 1, isOwn: false };
  const rest = {
    position: '7.1' as never,
    pending: 0,
    lagSeconds: 0,
    eventsPerSecond: 0,
    stuckSince: undefined,
    error: undefined,
  };
  const lane = { ...rest, lane: 0, state: 'standby' as const, owner };
  const status: ProjectionStatus = {
    ...rest,
    name: 'orders',
    version: 2,
    state: 'live',
    caughtUp: true,
    isServing: true,
    caughtUpInSeconds: 0,
    replicaLag: undefined,
    lanes: [lane],
    rebuild: undefined,
  };

  it.each<[Partial<ProjectionStatus>, string | undefined]>([
    [{}, undefined],
    [{ state: 'catching-up', pending: 10, lagSeconds: 2 }, undefined],
    [{ state: 'catching-up', pending: undefined, lagSeconds: undefined }, undefined],
    [{ state: 'catching-up', pending: 11 }, 'lacks 11 commits, more than 10'],
    [{ lagSeconds: 3 }, 'lacks commits that are 3 s old, more than 2000 ms'],
    [{ state: 'catching-up', error: new TypeError('no database') }, 'waits and tries again: no database'],
    [{ state: 'standby' }, undefined],
    [{ state: 'standby', lanes: [{ ...lane, owner: undefined }] }, 'is run by nobody'],
    [
      { state: 'standby', lanes: [lane, { ...lane, lane: 1, owner: undefined }] },
      'has lanes that nobody runs: 1',
    ],
    [{ state: 'diverged', error: new TypeError('why') }, 'has diverged: why'],
    [{ state: 'paused' }, 'is paused'],
    [{ state: 'idle' }, 'does not run here'],
  ])('says of a projection with %j: %s', (given, reason) => {
    const { cause } = projectionHealth({ ...status, ...given }, { maxLagCommits: 10, maxLagMs: 2_000 });
    expect(cause).toBe(reason === undefined ? undefined : `projection orders (version 2) ${reason}`);
  });
});
