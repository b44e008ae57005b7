import {
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { asPosition, Projections, type Repository, type UpdateResult } from 'jetsource';
import { InjectRepository } from 'jetsource/nestjs';
import { v5 as nameBasedUuid, v7 as timeOrderedUuid } from 'uuid';
import { type ListedOrder, OrderList } from './order-list.js';
import { ORDER_LIST } from './order-list.projection.js';
import { Order } from './order.js';
import {
  checkedIdempotencyKey,
  type ListOrders,
  listOrders,
  type PlaceOrder,
  placeOrder,
  type ReadOrder,
  readOrder,
  type ShipOrder,
  shipOrder,
  versionOfIfMatch,
} from './order-requests.js';

/**
 * Namespace for order ids that are computed from idempotency keys, so that a repeated request addresses the
 * same order.
 */
const ORDER_NAMESPACE = '0b0f7f0e-7a38-5c0d-8d0c-5f6a7e1d2c3b';

interface Response {
  setHeader(name: string, value: string): void;
}

/** Answer of a write. Pass `position` as `atLeast` to a read to see the write. */
interface Written {
  readonly id: string;
  readonly version: number;
  readonly position: string | undefined;
  /** False if the same request was handled before. */
  readonly committed: boolean;
  /** More than 1 if another client wrote first and the order was decided again. */
  readonly attempts: number;
}

@Controller('orders')
export class OrdersController {
  constructor(
    @InjectRepository(Order) private readonly orders: Repository<Order>,
    @Inject(OrderList) private readonly list: OrderList,
    @Inject(Projections) private readonly projections: Projections,
  ) {}

  @Post()
  async place(
    @Body({ schema: placeOrder }) purchase: PlaceOrder,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Written> {
    const key = checkedIdempotencyKey(keyHeader);
    const id = key === undefined ? timeOrderedUuid() : nameBasedUuid(key, ORDER_NAMESPACE);
    const result = await this.orders.create(id, (order) => order.place(purchase), {
      commandId: key && `place ${key}`,
    });
    response.setHeader('Location', `/orders/${id}`);
    return written(id, result, response);
  }

  @Post(':id/ship')
  @HttpCode(200)
  async ship(
    @Param('id') id: string,
    @Body({ schema: shipOrder }) { skus }: ShipOrder,
    @Headers('if-match') ifMatch: string | undefined,
    @Headers('idempotency-key') keyHeader: string | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<Written> {
    const key = checkedIdempotencyKey(keyHeader);
    const result = await this.orders.update(id, (order) => order.ship(skus), {
      expect: versionOfIfMatch(ifMatch),
      commandId: key && `ship ${key}`,
    });
    return written(id, result, response);
  }

  @Get(':id')
  async find(
    @Param('id') id: string,
    @Query({ schema: readOrder }) { atLeast }: ReadOrder,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ListedOrder> {
    await this.caughtUpWith(atLeast);
    // no id contains U+0000, which the database would reject
    const order = id.includes('\0') ? undefined : await this.list.find(id);
    if (order === undefined) throw new NotFoundException(`there is no order ${id}`);
    response.setHeader('ETag', `"${order.version}"`);
    return order;
  }

  @Get()
  async page(
    @Query({ schema: listOrders }) { limit, after, atLeast }: ListOrders,
  ): Promise<{ orders: ListedOrder[]; next: string | undefined }> {
    await this.caughtUpWith(atLeast);
    const orders = await this.list.page(limit, after);
    return { orders, next: orders.length === limit ? orders.at(-1)?.id : undefined };
  }

  /** Waits until the read model includes what the client has written. */
  private async caughtUpWith(position: string | undefined): Promise<void> {
    if (position !== undefined) await this.projections.waitFor(ORDER_LIST, asPosition(position));
  }
}

function written(id: string, result: UpdateResult<void>, response: Response): Written {
  const { version, position, committed, attempts } = result;
  response.setHeader('ETag', `"${version}"`);
  return { id, version, position, committed, attempts };
}
