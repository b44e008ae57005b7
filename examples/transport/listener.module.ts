import { Module } from '@nestjs/common';
import { OrderEventsController } from './order-events.controller.js';
import { SumController } from './sum.controller.js';

/** What listens. */
@Module({ controllers: [OrderEventsController, SumController] })
export class ListenerModule {}
