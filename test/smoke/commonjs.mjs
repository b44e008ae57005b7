// Tests the package in CommonJS applications, as templates of Nest 11 and older ones make them, and their unit
// tests under ts-jest.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { here, inProject } from './project.mjs';

const nest = ['common', 'core', 'cqrs', 'microservices', 'platform-express', 'testing'];
const packages = [
  ...nest.map((name) => `@nestjs/${name}@^11`),
  'reflect-metadata',
  'rxjs',
  'typescript@~5.9',
  'jest@^30',
  'ts-jest@^29',
  '@types/jest@^30',
];

const common = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  strict: true,
  skipLibCheck: true,
  esModuleInterop: true,
  emitDecoratorMetadata: true,
  experimentalDecorators: true,
  types: ['node', 'jest'],
};
/** What decides whether the package is found, as templates have set it over the years. */
const templates = {
  'older templates': { module: 'commonjs', moduleResolution: 'node10' },
  'older templates, by default': { module: 'commonjs' },
  'Nest 11': { module: 'nodenext', moduleResolution: 'nodenext', isolatedModules: true },
};

/** The setting of jest that the page names. */
async function documentedJestSetting() {
  const page = await readFile(join(here, '..', '..', 'docs', 'migrate-transport.md'), 'utf8');
  const [, setting] = /```json\n(\{[^`]*transformIgnorePatterns[^`]*\})\n```/.exec(page);
  return JSON.parse(setting).jest;
}

await inProject({ program: 'commonjs', packages, manifest: { private: true } }, async ({ project, run }) => {
  const bin = (name) => join(project, 'node_modules', '.bin', name);
  await rename(join(project, 'unit.ts'), join(project, 'unit.spec.ts'));
  for (const [name, settings] of Object.entries(templates)) {
    const compilerOptions = { ...common, ...settings, outDir: 'dist' };
    const tsconfig = { compilerOptions, include: ['main.ts', 'unit.spec.ts'] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(tsconfig));
    run(bin('tsc'), ['-p', '.']);
    run(process.execPath, [join('dist', 'main.js')]);
    console.log(`a CommonJS application with the settings of ${name} compiles and runs`);
  }
  const jest = {
    moduleFileExtensions: ['js', 'json', 'ts'],
    testRegex: '.*\\.spec\\.ts$',
    transform: { '^.+\\.(t|j)s$': 'ts-jest' },
    testEnvironment: 'node',
    ...(await documentedJestSetting()),
  };
  await writeFile(join(project, 'jest.json'), JSON.stringify(jest));
  run(bin('jest'), ['--config', 'jest.json']);
});
