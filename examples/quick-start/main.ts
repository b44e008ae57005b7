import { AggregateRoot } from '@nestjs/cqrs';
import { connectEventStore, Event, EventSourced, repository, streamName } from 'jetsource';
import { startNatsServer } from 'jetsource/testing';

@Event('OrderPlaced')
class OrderPlaced {
  constructor(readonly customer: string) {}
}

@EventSourced('order')
class Order extends AggregateRoot {
  customer?: string;

  constructor(readonly id: string) {
    super();
  }

  place(customer: string): void {
    this.apply(new OrderPlaced(customer));
  }

  onOrderPlaced(event: OrderPlaced): void {
    this.customer = event.customer;
  }
}

const server = await startNatsServer();
const store = await connectEventStore({ servers: server.url, name: 'shop', events: [OrderPlaced] });
const orders = repository(store, Order);

const { version } = await orders.create('42', (order) => order.place('ada'), { commandId: 'place-42' });
const order = await orders.load('42');
console.log(`order/42 is at version ${version}, placed by ${order.customer}`);

for await (const event of store.read(streamName('order', '42'))) {
  console.log(
    `${event.position} ${event.type} ${JSON.stringify(event.data)} at ${event.time?.toISOString()}`,
  );
}

await store.close();
await server.stop();
