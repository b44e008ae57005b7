// The classes of all errors, found in the files of src, and details that each can be made with.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AnyJetsourceError } from '../../src/errors/any-jetsource-error.js';
import { JetsourceError } from '../../src/kernel/jetsource-error.js';

type Constructor = new (details: never, options?: ErrorOptions) => AnyJetsourceError;

const src = fileURLToPath(new URL('../../src', import.meta.url));
const modules = await Promise.all(
  readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((path) => /-errors?\.ts$/.test(path) && !path.startsWith('errors/'))
    .map(async (path) => (await import(join(src, path))) as Record<string, unknown>),
);
export const errorClasses = modules
  .flatMap((module) => Object.entries(module))
  .filter(
    (entry): entry is [string, Constructor] =>
      typeof entry[1] === 'function' && entry[1].prototype instanceof JetsourceError,
  );

/** All details that any error takes. */
export const ERROR_DETAILS = {
  option: 'o',
  given: 'g',
  allowed: 'a',
  part: 'id',
  reason: 'r',
  stream: 'order/1',
  expected: 1,
  actual: 2,
  commitId: 'c',
  commandId: 'c',
  stored: ['s'],
  unknown: [],
  notStored: ['n'],
  view: 'v',
  dependents: ['d'],
  waitedMs: 1,
  size: 2,
  limit: 1,
  position: '1.0',
  store: 's',
  faults: ['f'],
  capability: 'x',
  floor: '2',
  found: '1',
  projection: 'p',
  consumer: 'c',
  pattern: 'p',
  streams: ['s'],
  subject: 's',
  messageId: 'm',
  known: ['k'],
  driver: 'd',
  taken: 't',
  by: 'b',
  what: 'w',
  timeoutMs: 1,
  progress: 'p',
  missing: ['m'],
  violations: [{ index: 0, stream: 'order/1', expected: 1, actual: 2 }],
} as never;
