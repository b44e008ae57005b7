import { deserialize, serialize } from 'node:v8';
import { Controller } from '@nestjs/common';
import { EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { firstValueFrom, lastValueFrom, type Observable, of, toArray } from 'rxjs';
import { until } from '../support/collect.js';
import { openClient, uniqueStream } from './shared-client.js';
import { startService } from './shared-service.js';

/** The binary format of docs/transport.md: whole packets in both directions. */
const codec = {
  serialize: (packet: unknown): Uint8Array => serialize(packet),
  deserialize: ({ data }: { data: Uint8Array }) => deserialize(data),
};

describe('a format other than JSON', () => {
  it('is used for events, requests, answers and errors', async () => {
    const streamConfig = uniqueStream();
    const { name } = streamConfig;
    const handled: unknown[] = [];
    @Controller()
    class Listener {
      @EventPattern<string>(`${name}.n`)
      on(@Payload() payload: unknown): void {
        handled.push(payload);
      }

      @MessagePattern(`count-${name}`)
      count(@Payload() payload: Map<string, bigint>): Observable<bigint> {
        return of(...payload.values());
      }

      @MessagePattern(`fail-${name}`)
      fail(): void {
        throw new TypeError('secret');
      }
    }
    await startService(name, [Listener], { streamConfig, serializer: codec, deserializer: codec });
    const client = openClient({ serializer: codec, deserializer: codec });
    const payload = new Map([
      ['a', 1n],
      ['b', 2n],
    ]);
    await lastValueFrom(client.emit(`${name}.n`, payload));
    await until('it is handled', () => handled.length > 0);
    expect(handled).toEqual([payload]);
    expect(await firstValueFrom(client.send(`count-${name}`, payload).pipe(toArray()))).toEqual([1n, 2n]);
    await expect(lastValueFrom(client.send(`fail-${name}`, payload))).rejects.toMatchObject({
      message: 'Internal server error',
    });
  });
});
