import { readFileSync } from 'node:fs';

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string } | string>>;
  readonly types: string;
  readonly typesVersions: { readonly '*': Readonly<Record<string, readonly string[]>> };
}

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest;

describe('package.json', () => {
  it('names the types of every entry for compilers that do not read exports', () => {
    const entries = Object.entries(manifest.exports).flatMap(([path, entry]) =>
      typeof entry === 'string' ? [] : [[path, entry.types] as const],
    );
    const [root, ...others] = entries;
    expect(root).toEqual(['.', manifest.types]);
    expect(manifest.typesVersions['*']).toEqual(
      Object.fromEntries(others.map(([path, types]) => [path.slice('./'.length), [types]])),
    );
  });
});
