// An application in a process of its own: `bus-process.ts <servers> <store> <what>`. Its last line tells how it went.
import 'reflect-metadata';
import { type DynamicModule, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventBus, EventsHandler } from '@nestjs/cqrs';
import { Event } from '../../../src/event/event-type.js';
import { defineProjection } from '../../../src/projection/definition/define-projection.js';
import { JetsourceCqrsModule } from '../../../src/nestjs/cqrs/jetsource-cqrs.module.js';
import { Reactor } from '../../../src/nestjs/cqrs/handler/reactor.decorator.js';
import { inMemoryProjectionStore } from '../../../src/testing/in-memory/in-memory-projection-store.js';

const [servers = '', name = '', what = ''] = process.argv.slice(2);

class Told {}
Event('Told')(Told);

/** Has no name when it is to fail. */
class ToldHandler {
  async handle(): Promise<void> {
    console.log('called');
    await new Promise((resolve) => setTimeout(resolve, 100));
    console.log('handled');
  }
}
EventsHandler(Told)(ToldHandler);
if (what !== 'fail') Reactor({ name: 'told' })(ToldHandler);

const projection = defineProjection({
  name: 'told',
  store: inMemoryProjectionStore({}),
  clear: async () => undefined,
  events: { Told },
  on: { Told: () => undefined },
});

class AppModule {}

function module(): DynamicModule {
  const bus = JetsourceCqrsModule.forRoot({ servers, name, events: [Told], projections: [projection] });
  return { module: AppModule, imports: [bus], providers: [ToldHandler] };
}
Module({})(AppModule);

const app = await NestFactory.create(module(), { logger: false, abortOnError: false });
app.enableShutdownHooks();
try {
  await app.init();
  await app.get(EventBus).publish(new Told());
} catch (error) {
  console.log(`failed: ${String(error)}`);
}
