import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const pages = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...readdirSync(join(root, 'docs')).map((name) => join('docs', name)),
];

const ERROR_SOURCES = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((path) => /-errors?\.ts$/.test(path) && !path.startsWith('errors/'))
  .map((path) => join('src', path));

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The options of the first interface of options in a file; at least one. */
function optionsOf(path: string): string[] {
  const [, body = ''] = /export interface \w+Options[^{]*\{\n(.*?)^\}/ms.exec(read(path)) ?? [''];
  const options = [...body.matchAll(/^  readonly (\w+)\??:/gm)].map(([, name]) => name as string);
  expect(options).not.toEqual([]);
  return options;
}

/** The TypeScript blocks of a page, each as a virtual file. */
function blocksOf(page: string): [path: string, text: string][] {
  return [...read(page).matchAll(/^```ts\n(.*?)^```/gms)].map((block, index) => [
    join(root, 'examples', `${page.replaceAll(/[/.]/g, '-')}-${index + 1}.ts`),
    `${block[1]}\nexport {};\n`,
  ]);
}

function compile(blocks: ReadonlyMap<string, string>): string[] {
  const parsed = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    {},
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined },
  );
  const options = { ...parsed?.options, noEmit: true };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => blocks.has(path) || disk.fileExists(path),
    readFile: (path) => blocks.get(path) ?? disk.readFile(path),
    getSourceFile: (path, languageVersion) => {
      const text = blocks.get(path);
      return text === undefined
        ? disk.getSourceFile(path, languageVersion)
        : ts.createSourceFile(path, text, languageVersion);
    },
  };
  const program = ts.createProgram([...blocks.keys()], options, host);
  return [...blocks.keys()]
    .flatMap((path) => ts.getPreEmitDiagnostics(program, program.getSourceFile(path)))
    .map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
}

describe('the documentation', () => {
  it('has code blocks that compile', () => {
    const blocks = new Map(pages.flatMap(blocksOf));
    expect(blocks.size).toBeGreaterThan(0);
    expect(compile(blocks)).toEqual([]);
    // a block with a type error must be found, or the line above proves nothing
    const fault = new Map([
      [join(root, 'examples', 'fault.ts'), "import { stream } from 'jetsource';\nstream(1, 2);\n"],
    ]);
    expect(compile(fault)).toHaveLength(1);
  }, 120_000);

  it('names only existing files of src', () => {
    const named = [...read('ARCHITECTURE.md').matchAll(/`([\w-]+\/[\w./-]+\.ts)`/g)].map(
      ([, file]) => file as string,
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((file) => !ts.sys.fileExists(join(root, 'src', file)))).toEqual([]);
  });

  it('links only to existing files', () => {
    const broken = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)]
        .map((link) => join(dirname(page), link[1] as string))
        .filter(
          (target) => !ts.sys.fileExists(join(root, target)) && !ts.sys.directoryExists(join(root, target)),
        )
        .map((target) => `${page} → ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('lists every error with its code and outcome, and no others', () => {
    const documented = [
      ...read('README.md').matchAll(/^\| `([A-Za-z]+Error)`\s*\| `([a-z-]+)`\s*\| ([a-z` ,—-]+?)\s*\|/gm),
    ].map(([, name, code, outcome]) => `${name}: ${code}, ${outcome}`);
    const classes = [
      ...ERROR_SOURCES.flatMap((path) => [
        ...read(path).matchAll(/^export class (\w+).*?readonly code = '([\w-]+)';\n(.*?)^\}/gms),
      ]),
    ].map(([, name, code, body]) => {
      const fixed = /readonly outcome = '([\w-]+)'/.exec(body as string)?.[1];
      const outcome = fixed ?? (/readonly outcome:/.test(body as string) ? 'not-applied or unknown' : '—');
      return `${name}: ${code}, ${outcome}`;
    });
    expect(classes.length).toBeGreaterThan(15);
    expect(documented.toSorted()).toEqual(classes.toSorted());
  });

  it.each([
    [['consumer-options', 'legacy/push-consumer', 'legacy/legacy-consumer-options']],
    [['server/nats-jetstream-server-options', 'legacy/legacy-server-options']],
    [['client/nats-jetstream-client-options', 'legacy/legacy-client-options']],
    [['client/publish-options', 'legacy/legacy-publish-options']],
  ])('lists every option of %j in src/transport', (files) => {
    const options = files.flatMap((file) => optionsOf(`src/transport/${file}.ts`));
    expect(options.length).toBeGreaterThan(4);
    const page = read('docs/migrate-transport.md');
    expect(options.filter((option) => !page.includes(`\`${option}\``))).toEqual([]);
  });

  it('names only existing npm scripts', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) =>
      [...read(page).matchAll(/npm (?:run (?:--silent )?)?(test|start|[a-z:]+)(?=[`\s])/g)].map(
        (match) => match[1] as string,
      ),
    );
    const builtIn = ['ci', 'run', 'install', 'i', 'only'];
    expect(named.filter((name) => !builtIn.includes(name) && scripts[name] === undefined)).toEqual([]);
  });
});
