import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { JetsourceModuleOptions } from './jetsource-module-options.js';

/** `forRoot` and `forRootAsync` as every Nest module has them; global unless `isGlobal: false` is given. */
export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<JetsourceModuleOptions>()
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();
