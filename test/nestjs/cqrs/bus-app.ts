import 'reflect-metadata';
import type { LoggerService, ModuleMetadata, Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { JetsourceCqrsModule, type JetsourceCqrsOptions } from 'jetsource/cqrs';
import { sharedServerUrl, uniqueStoreName } from '../../shared-server.js';

/** Collects what the application logs. */
export class Lines implements LoggerService {
  readonly lines: string[] = [];

  log(): void {}

  warn(text: unknown): void {
    this.lines.push(String(text));
  }

  error(text: unknown): void {
    this.lines.push(String(text));
  }
}

const open: TestingModule[] = [];

export interface BusApp {
  readonly app: TestingModule;
  readonly store: string;
  readonly logged: Lines;
}

/** An application whose bus stands on a store of its own, unless one is named. */
export async function startBusApp(
  options: Partial<JetsourceCqrsOptions>,
  {
    providers = [],
    imports = [],
  }: { providers?: Provider[]; imports?: NonNullable<ModuleMetadata['imports']> } = {},
): Promise<BusApp> {
  const store = options.name ?? uniqueStoreName();
  const logged = new Lines();
  const app = await Test.createTestingModule({
    imports: [
      JetsourceCqrsModule.forRoot({
        servers: sharedServerUrl(),
        name: store,
        ...options,
        reactions: { backoffMs: [10], ...options.reactions },
      }),
      ...imports,
    ],
    providers,
  })
    .setLogger(logged)
    .compile();
  open.push(app);
  await app.init();
  return { app, store, logged };
}

/** Ends the applications of a test. */
export async function closeBusApps(): Promise<void> {
  await Promise.all(open.splice(0).map(async (app) => app.close()));
}
