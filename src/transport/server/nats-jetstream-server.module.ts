import { ConfigurableModuleBuilder, Inject, Module } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { NatsJetStreamHealthIndicator } from './nats-jetstream-health-indicator.js';
import { NatsJetStreamServer } from './nats-jetstream-server.js';
import type { NatsJetStreamServerOptions } from './nats-jetstream-server-options.js';

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<NatsJetStreamServerOptions>().build();

/**
 * Provides a {@link NatsJetStreamServer} with options from the application, such as its configuration
 * service, and a {@link NatsJetStreamHealthIndicator} for it. No handler is called before the application has
 * been initialized, even if `startAllMicroservices` is called first.
 *
 * @example
 * // ShopModule imports NatsJetStreamServerModule.registerAsync({ … })
 * const app = await NestFactory.create(ShopModule);
 * app.connectMicroservice({ strategy: app.get(NatsJetStreamServer) });
 * await app.startAllMicroservices();
 * await app.listen(3000);
 */
@Module({
  providers: [
    {
      provide: NatsJetStreamServer,
      useFactory: (options: NatsJetStreamServerOptions) =>
        new NatsJetStreamServer(options).startAfterBootstrap(),
      inject: [MODULE_OPTIONS_TOKEN],
    },
    NatsJetStreamHealthIndicator,
  ],
  exports: [NatsJetStreamServer, NatsJetStreamHealthIndicator],
})
export class NatsJetStreamServerModule extends ConfigurableModuleClass {
  /**
   * Nest calls the hooks of modules by their distance from the root, farthest first. This distance makes it
   * the last one.
   */
  constructor(@Inject(ModulesContainer) modules: ModulesContainer) {
    super();
    for (const module of modules.values())
      if (module.metatype === NatsJetStreamServerModule) module.distance = -1;
  }
}
