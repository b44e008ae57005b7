import { Module } from '@nestjs/common';
import { OrderEventsController } from './order-events.controller.js';
import { SumController } from './sum.controller.js';

/** The controllers that handle events and requests. */
@Module({ controllers: [OrderEventsController, SumController] })
export class ListenerModule {}
