export { InjectRepository, repositoryToken } from './nestjs/inject-repository.decorator.js';
export { JetsourceModule } from './nestjs/jetsource.module.js';
export type { JetsourceModuleOptions } from './nestjs/jetsource-module-options.js';
