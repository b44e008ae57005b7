import { type ConfigurableModuleAsyncOptions, ConfigurableModuleBuilder, Module } from '@nestjs/common';
import type { NatsJetStreamClientOptions } from './nats-jetstream-client-options.js';
import { NatsJetStreamClientProxy } from './nats-jetstream-client-proxy.js';
import { NATS_JETSTREAM_OPTIONS } from '../nats-jetstream.constants.js';

/** What `registerAsync` takes: `useFactory` with `inject`, or a class by `useClass` or `useExisting` with a method `create`; `imports`. */
export type NatsJetStreamClientAsyncOptions = ConfigurableModuleAsyncOptions<NatsJetStreamClientOptions>;

/** `register` and `registerAsync` as every Nest module has them; a class for `useClass` and `useExisting` has a method `create`. */
const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<NatsJetStreamClientOptions>({
  optionsInjectionToken: NATS_JETSTREAM_OPTIONS,
})
  .setExtras({ isGlobal: false }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

/**
 * Provides a {@link NatsJetStreamClientProxy}, to be injected by its class, and closes it with the application. Everywhere with `isGlobal: true`.
 * Several clients in one application are `ClientsModule.register([{ name, customClass: NatsJetStreamClientProxy, options }])`.
 *
 * @example
 * \@Module({
 *   imports: [NatsJetStreamTransport.register({ connectionOptions: { servers: 'nats://127.0.0.1:4222', name: 'shop' } })],
 * })
 * class ShopModule {}
 */
@Module({ providers: [NatsJetStreamClientProxy], exports: [NatsJetStreamClientProxy] })
export class NatsJetStreamTransport extends ConfigurableModuleClass {}
