// Tests the package with Nest 11.
import { runInProject } from './project.mjs';

const nest = ['common', 'core', 'cqrs', 'microservices', 'platform-express', 'platform-fastify', 'terminus'];
await runInProject('nest', [...nest.map((name) => `@nestjs/${name}@^11`), 'reflect-metadata', 'rxjs']);
