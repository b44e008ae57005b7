import { type ConfigurableModuleAsyncOptions, ConfigurableModuleBuilder, Module } from '@nestjs/common';
import type { NatsJetStreamClientOptions } from './nats-jetstream-client-options.js';
import { NatsJetStreamClientProxy } from './nats-jetstream-client-proxy.js';
import { NATS_JETSTREAM_OPTIONS } from '../nats-jetstream.constants.js';

/**
 * Options of `registerAsync`: `imports`, and `useFactory` with `inject`, or a class with a method `create` as
 * `useClass` or `useExisting`.
 */
export type NatsJetStreamClientAsyncOptions = ConfigurableModuleAsyncOptions<NatsJetStreamClientOptions>;

/** `register` and `registerAsync`, as Nest generates them. */
const { ConfigurableModuleClass } = new ConfigurableModuleBuilder<NatsJetStreamClientOptions>({
  optionsInjectionToken: NATS_JETSTREAM_OPTIONS,
})
  .setExtras({ isGlobal: false }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
  .build();

/**
 * Provides a {@link NatsJetStreamClientProxy}, which is injected by its class, and closes it with the
 * application. With `isGlobal: true` it is provided to all modules. For several clients in one application
 * use `ClientsModule.register([{ name, customClass: NatsJetStreamClientProxy, options }])`.
 *
 * @example
 * \@Module({
 *   imports: [NatsJetStreamTransport.register({ connectionOptions: { name: 'shop' } })],
 * })
 * class ShopModule {}
 */
@Module({ providers: [NatsJetStreamClientProxy], exports: [NatsJetStreamClientProxy] })
export class NatsJetStreamTransport extends ConfigurableModuleClass {}
