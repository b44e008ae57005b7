import { type CustomTransportStrategy, Server } from '@nestjs/microservices';
import type { NatsConnectionOptions } from '../../src/transport/connection-options.js';
import { JsonRequestDeserializer } from '../../src/transport/json-request-deserializer.js';
import { JsonSerializer } from '../../src/transport/json-serializer.js';
import type { OpenTelemetryApi } from '../../src/transport/open-telemetry.js';
import { RequestServer } from '../../src/transport/request-server.js';
import { TransportConnection } from '../../src/transport/transport-connection.js';

export interface RequestStrategyOptions {
  readonly connectionOptions: NatsConnectionOptions;
  readonly queue?: string;
  readonly graceMs?: number;
  readonly openTelemetry?: OpenTelemetryApi;
}

/** A strategy that serves requests and nothing else. */
export class RequestStrategy extends Server implements CustomTransportStrategy {
  readonly #options: RequestStrategyOptions;
  #connection: TransportConnection | undefined;
  #requests: RequestServer | undefined;

  constructor(options: RequestStrategyOptions) {
    super();
    this.#options = options;
    this.serializer = new JsonSerializer();
    this.deserializer = new JsonRequestDeserializer();
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    try {
      this.#connection = await TransportConnection.acquire(this.#options.connectionOptions);
      this.#requests = new RequestServer({
        connection: this.#connection,
        queue: this.#options.queue,
        handlers: new Map(
          [...this.messageHandlers].filter(([, { isEventHandler }]) => isEventHandler !== true),
        ),
        serializer: this.serializer,
        deserializer: this.deserializer,
        handle: (context, produce, respond) => this.handleRequest(context, produce, respond),
        openTelemetry: this.#options.openTelemetry,
      });
      await this.#requests.open();
      await this.#requests.start();
      callback();
    } catch (error) {
      await this.#connection?.release();
      callback(error);
    }
  }

  async close(): Promise<void> {
    await this.#requests?.stop(this.#options.graceMs ?? 1_000);
    await this.#connection?.release();
  }

  on(): void {}

  unwrap<T>(): T {
    return this.#connection?.nc as T;
  }
}
