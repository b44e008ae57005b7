import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const src = join(root, 'src');

/** Packages that only certain folders may import, and folders that may import certain folders only. */
const PACKAGES: readonly { package: string; folders: string[]; typesFor: string[] }[] = [
  { package: '@nats-io/', folders: ['jetstream'], typesFor: ['transport'] },
  { package: '@nestjs/', folders: ['nestjs', 'problem', 'transport'], typesFor: [] },
];
const KNOWS_ONLY: Record<string, string[]> = { postgres: ['kernel', 'event', 'projection', 'erasure'] };

interface SourceFile {
  /** Path below src, such as `event/commit.ts`. */
  readonly path: string;
  readonly folder: string;
  readonly text: string;
  /** Imports of files in src, as paths below src. */
  readonly own: readonly string[];
  readonly packages: readonly string[];
  /** Packages from which values are imported, not only types. */
  readonly values: readonly string[];
}

function listFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? listFiles(path) : [path];
  });
}

function toSourceFile(file: string): SourceFile {
  const text = readFileSync(file, 'utf8');
  const path = relative(src, file);
  const specifiers = [
    ...text.matchAll(
      /^(?:import|export)\s[^'"]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import\s+'([^']+)'/gms,
    ),
  ].map((match) => (match[1] ?? match[2] ?? match[3]) as string);
  return {
    path,
    folder: path.includes('/') ? (path.split('/')[0] as string) : '',
    text,
    own: specifiers
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => normalize(join(dirname(path), specifier)).replace(/\.js$/, '.ts')),
    packages: specifiers.filter((specifier) => !specifier.startsWith('.')),
    values: [...text.matchAll(/^import\s+(?!type\b)[^'"]*?from\s+'([^'.][^']*)'/gms)].map(
      ([, specifier]) => specifier as string,
    ),
  };
}

function readLayerTable(): Map<string, number> {
  const page = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');
  const table = page.slice(page.indexOf('<!-- layers:begin -->'), page.indexOf('<!-- layers:end -->'));
  return new Map(
    [...table.matchAll(/^\|\s*(\d+)\s*\|\s*`([a-z-]+)`/gm)].map((row) => [row[2] as string, Number(row[1])]),
  );
}

const files = listFiles(src).map(toSourceFile);
const ranks = readLayerTable();
const inFolders = files.filter(({ folder }) => folder !== '');

/** All imports from one folder to another. */
const crossings = inFolders.flatMap(({ path, folder, own }) =>
  own
    .map((target) => ({ path, folder, target, to: target.split('/')[0] as string }))
    .filter(({ to }) => to !== folder),
);

describe('the layers of ARCHITECTURE.md', () => {
  it('name every folder of src, and no others', () => {
    const folders = readdirSync(src).filter((name) => statSync(join(src, name)).isDirectory());
    expect([...ranks.keys()].toSorted()).toEqual(folders.toSorted());
  });

  it('are checked against real imports between folders', () => {
    expect(crossings.length).toBeGreaterThan(50);
  });

  it('allow imports only from higher to lower ranks', () => {
    const upward = crossings.filter(
      ({ folder, to }) => (ranks.get(to) ?? Infinity) >= (ranks.get(folder) as number),
    );
    expect(upward).toEqual([]);
  });

  it('restrict some folders to certain imports', () => {
    const strangers = crossings.filter(({ folder, to }) => KNOWS_ONLY[folder]?.includes(to) === false);
    expect(strangers).toEqual([]);
  });

  it.each(PACKAGES)('allow only $folders to import $package', ({ package: name, folders, typesFor }) => {
    const elsewhere = inFolders.filter(
      ({ folder, packages, values }) =>
        !folders.includes(folder) &&
        (typesFor.includes(folder) ? values : packages).some((imported) => imported.startsWith(name)),
    );
    expect(elsewhere.map(({ path }) => path)).toEqual([]);
    const inside = inFolders.some(
      ({ folder, packages }) =>
        folders.includes(folder) && packages.some((imported) => imported.startsWith(name)),
    );
    expect(inside).toBe(true);
  });

  it('have no import cycles, including type imports', () => {
    const byPath = new Map(files.map((file) => [file.path, file]));
    const done = new Set<string>();
    const findCircle = (path: string, way: string[]): string[] | undefined => {
      if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
      if (done.has(path)) return undefined;
      for (const target of byPath.get(path)?.own ?? []) {
        const circle = findCircle(target, [...way, path]);
        if (circle !== undefined) return circle;
      }
      done.add(path);
      return undefined;
    };
    expect(files.map(({ path }) => findCircle(path, [])).filter((circle) => circle !== undefined)).toEqual(
      [],
    );
  });
});

/** A room is a folder inside a folder of `src`. Files directly in a folder are in no room. */
function roomOf(path: string): string | undefined {
  const parts = path.split('/');
  return parts.length > 2 ? `${parts[0]}/${parts[1]}` : undefined;
}

describe('the rooms of a folder', () => {
  const edges = new Map<string, Set<string>>();
  for (const { path, own } of inFolders) {
    const from = roomOf(path);
    for (const target of own) {
      const to = roomOf(target);
      if (from === undefined || to === undefined || from === to) continue;
      edges.set(from, (edges.get(from) ?? new Set()).add(to));
    }
  }

  it('are there', () => {
    expect(edges.size).toBeGreaterThan(10);
  });

  it('have no import cycles', () => {
    const circle = (room: string, way: readonly string[]): string[] | undefined => {
      if (way.includes(room)) return [...way.slice(way.indexOf(room)), room];
      for (const next of edges.get(room) ?? []) {
        const found = circle(next, [...way, room]);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    expect([...edges.keys()].map((room) => circle(room, [])).filter((found) => found !== undefined)).toEqual(
      [],
    );
  });
});

describe('the sources', () => {
  it('re-export only in the public entry files, which contain nothing else', () => {
    const reexport = /^export\s+(?:type\s+)?(?:\{[^}]*\}|\*)\s+from/m;
    expect(inFolders.filter(({ text }) => reexport.test(text)).map(({ path }) => path)).toEqual([]);
    const entries = files.filter(({ folder }) => folder === '');
    const rest = entries.map(({ path, text }) => [
      path,
      text.replaceAll(/^export\s+(?:type\s+)?\{[^}]*\}\s+from\s+'[^']+';$/gm, '').trim(),
    ]);
    expect(rest).toEqual(entries.map(({ path }) => [path, '']));
  });

  it('throw typed errors only', () => {
    const bare = /\bnew (?:Error|TypeError|RangeError)\(/;
    expect(inFolders.filter(({ text }) => bare.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('stay below 400 lines a file', () => {
    const long = files.filter(({ text }) => text.split('\n').length > 400);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});
