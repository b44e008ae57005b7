// Projection classes, health and positions in headers on the installed version of Nest, over Fastify.
import { strict as assert } from 'node:assert';
import { ConflictException, Controller, Get, Module, Param, Post, Res } from '@nestjs/common';
import { type AbstractHttpAdapter, NestFactory } from '@nestjs/core';
import { HealthCheck, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Event, EventStore, type RecordedEvent } from 'jetsource';
import {
  JetsourceHealthIndicator,
  JetsourceModule,
  LiveProjection,
  On,
  Projection,
  WaitForProjection,
} from 'jetsource/nestjs';
import { inMemoryProjectionStore } from 'jetsource/testing';

/** Installed in the smoke project only: a text, so that the program compiles without it. */
const FASTIFY: string = '@nestjs/platform-fastify';
const HEADER = 'x-jetsource-position';

@Event('Placed')
class Placed {}

@LiveProjection({ name: 'open', categories: ['order'] })
class OpenOrders {
  readonly ids = new Set<string>();

  reset(): void {
    this.ids.clear();
  }

  @On(Placed)
  placed(event: RecordedEvent<Placed>): void {
    this.ids.add(event.stream.id);
  }
}

@Projection({ name: 'list', table: 'list', key: (event) => event.stream.id })
class OrderList {
  @On(Placed)
  placed(): object {
    return { state: 'placed' };
  }
}

@Controller()
class Orders {
  constructor(
    private readonly store: EventStore,
    private readonly orders: OpenOrders,
    private readonly health: HealthCheckService,
    private readonly jetsource: JetsourceHealthIndicator,
  ) {}

  @Post('orders/:id')
  async place(@Param('id') id: string): Promise<void> {
    await this.store.append(`order/${id}`, [new Placed()]);
  }

  @Post('orders/:id/refused')
  async refused(@Param('id') id: string): Promise<void> {
    await this.place(id);
    throw new ConflictException();
  }

  @Post('orders/:id/own')
  async own(@Param('id') id: string, @Res() reply: { send(text: string): void }): Promise<void> {
    await this.place(id);
    reply.send('own');
  }

  @Get('orders')
  @WaitForProjection(['open', 'list'])
  all(): string[] {
    return [...this.orders.ids];
  }

  @Get('health')
  @HealthCheck()
  async check(): Promise<object> {
    return this.health.check([() => this.jetsource.isHealthy('jetsource')]);
  }
}

/** Runs an application on that server. */
export async function projections(servers: string): Promise<void> {
  const projectionStore = inMemoryProjectionStore({});

  @Module({
    imports: [
      TerminusModule,
      JetsourceModule.forRoot({ servers, name: 'smoke-shop', events: [Placed], projectionStore }),
    ],
    controllers: [Orders],
    providers: [OpenOrders, OrderList],
  })
  class ProjectionModule {}

  const { FastifyAdapter } = (await import(FASTIFY)) as { FastifyAdapter: new () => AbstractHttpAdapter };
  const app = await NestFactory.create(ProjectionModule, new FastifyAdapter(), { logger: ['fatal'] });
  await app.listen(0, '127.0.0.1');
  const url = await app.getUrl();
  for (const [index, path] of ['a', 'b/refused', 'c/own'].entries()) {
    const written = await fetch(`${url}/orders/${path}`, { method: 'POST' });
    const position = written.headers.get(HEADER);
    assert.equal(position, `${index + 1}.0`);
    const read = await fetch(`${url}/orders`, { headers: { [HEADER]: position } });
    assert.equal(((await read.json()) as string[]).length, index + 1);
  }
  assert.equal(projectionStore.table('list').size, 3);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  await app.close();
}
