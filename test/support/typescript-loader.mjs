// Lets Node import the TypeScript sources outside of jest, which does not transform globalSetup in ESM.
// './x.js' resolves to './x.ts', and the package to its sources.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

const entryPoint = /^jetsource(?:\/(\w+))?$/;

export async function resolve(specifier, context, next) {
  const ours = context.parentURL?.endsWith('.ts') === true || specifier.endsWith('.ts');
  const [itself, entry = 'index'] = entryPoint.exec(specifier) ?? [];
  if (ours && itself !== undefined)
    return { url: new URL(`../../src/${entry}.ts`, import.meta.url).href, shortCircuit: true };
  if (!ours || !specifier.startsWith('.')) return next(specifier, context);
  return { url: new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL).href, shortCircuit: true };
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const source = await readFile(fileURLToPath(url), 'utf8');
  const { code } = await transform(source, {
    filename: fileURLToPath(url),
    swcrc: false,
    sourceMaps: 'inline',
    module: { type: 'es6' },
    jsc: {
      target: 'es2022',
      parser: { syntax: 'typescript', decorators: true },
      transform: { legacyDecorator: true, decoratorMetadata: true },
    },
  });
  return { format: 'module', source: code, shortCircuit: true };
}
