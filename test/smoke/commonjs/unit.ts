// A unit test of such an application, under ts-jest with the setting that docs/migrate-transport.md names.
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { connectEventStore } from 'jetsource';
import { JetsourceModule } from 'jetsource/nestjs';
import { postgresProjectionStore } from 'jetsource/postgres';
import { startNatsServer } from 'jetsource/testing';
import { NatsJetStreamClientProxy } from 'jetsource/transport';
import { of } from 'rxjs';

@Injectable()
class Shop {
  constructor(private readonly client: NatsJetStreamClientProxy) {}

  create(): unknown {
    return this.client.emit('order.created', { id: 1 });
  }
}

it('replaces the client of the transport', async () => {
  const emit = jest.fn(() => of({ seq: 1 }));
  const module = await Test.createTestingModule({
    providers: [Shop, { provide: NatsJetStreamClientProxy, useValue: { emit } }],
  }).compile();
  module.get(Shop).create();
  expect(emit).toHaveBeenCalledWith('order.created', { id: 1 });
});

it('can load every entry of the package', () => {
  for (const entry of [connectEventStore, JetsourceModule, postgresProjectionStore, startNatsServer])
    expect(entry).toBeDefined();
});
