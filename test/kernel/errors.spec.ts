import { readFileSync } from 'node:fs';
import * as aggregateErrors from '../../src/kernel/aggregate-errors.js';
import * as errors from '../../src/kernel/errors.js';
import * as eventErrors from '../../src/kernel/event-errors.js';
import * as transportErrors from '../../src/kernel/transport-errors.js';
import { type AnyJetsourceError, isJetsourceError } from '../../src/kernel/errors.js';
import { JetsourceError } from '../../src/kernel/jetsource-error.js';
import * as publicEntry from '../../src/index.js';

type Constructor = new (details: never, options?: ErrorOptions) => AnyJetsourceError;

const classes = (
  Object.entries({ ...errors, ...aggregateErrors, ...eventErrors, ...transportErrors }) as [string, unknown][]
).filter(
  (entry): entry is [string, Constructor] =>
    typeof entry[1] === 'function' && entry[1].prototype instanceof JetsourceError,
);
const sources = ['errors', 'transport-errors'].map((name) =>
  readFileSync(new URL(`../../src/kernel/${name}.ts`, import.meta.url), 'utf8'),
);

/** With a query it is another module, as in another installed copy. */
const COPY: string = '../../src/kernel/errors.js?copy';

/** All details that any error takes. */
const DETAILS = {
  option: 'o',
  given: 'g',
  allowed: 'a',
  part: 'id',
  reason: 'r',
  stream: 'order/1',
  expected: 1,
  actual: 2,
  commitId: 'c',
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
  what: 'w',
  timeoutMs: 1,
  progress: 'p',
  violations: [{ index: 0, stream: 'order/1', expected: 1, actual: 2 }],
} as never;

describe('errors', () => {
  it('are found by this spec', () => {
    expect(classes.length).toBeGreaterThan(15);
  });

  it('are all in AnyJetsourceError, and nothing else is', () => {
    const members = sources
      .flatMap((source) => /export type Any\w+Error =([^;]+);/.exec(source)?.[1]?.split('|') ?? [])
      .map((member) => member.trim())
      .filter((member) => member !== '' && member !== 'AnyTransportError');
    expect(members.toSorted()).toEqual(classes.map(([name]) => name).toSorted());
  });

  it('are all exported to users', () => {
    expect(Object.keys(publicEntry)).toEqual(expect.arrayContaining(classes.map(([name]) => name)));
  });

  it('have a code each, in kebab-case', () => {
    const codes = classes.map(([, ErrorClass]) => new ErrorClass(DETAILS).code);
    expect(new Set(codes).size).toBe(classes.length);
    for (const code of codes) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it.each(classes)('%s bears its name, an outcome, its cause and a message', (name, ErrorClass) => {
    const cause = new TypeError('why');
    const error = new ErrorClass(DETAILS, { cause });
    expect(error.name).toBe(name);
    expect(String(error)).toMatch(new RegExp(`^${name}: .`));
    expect(['not-applied', 'unknown']).toContain(error.outcome);
    expect(error.cause).toBe(cause);
    expect(error).toBeInstanceOf(Error);
    expect(error).toBeInstanceOf(ErrorClass);
    expect(error.stack).toContain('errors.spec');
    expect(isJetsourceError(error)).toBe(true);
  });

  it('say "unknown" of an outcome only where something was sent', () => {
    const unknown = classes
      .map(([, ErrorClass]) => new ErrorClass(DETAILS))
      .filter(({ outcome }) => outcome === 'unknown');
    expect(unknown.map(({ name }) => name)).toEqual([
      'AppendOutcomeUnknownError',
      'PublishOutcomeUnknownError',
      'RequestTimeoutError',
    ]);
  });

  it('are recognised when another installed copy of the package threw them', async () => {
    const copy = (await import(COPY)) as typeof errors;
    const error = new copy.AggregateNotFoundError({ stream: 'order/1' });
    expect(copy.AggregateNotFoundError).not.toBe(errors.AggregateNotFoundError);
    expect(error).not.toBeInstanceOf(errors.AggregateNotFoundError);
    expect(isJetsourceError(error)).toBe(true);
  });

  it.each([[new Error('x')], [{ code: 'transport' }], ['text'], [null], [undefined], [() => 1]])(
    'are not mistaken: %p',
    (value) => {
      expect(isJetsourceError(value)).toBe(false);
    },
  );
});

describe('messages of errors', () => {
  it('tell what was expected and what is', () => {
    const conflict = (expected: 'none' | 'exists' | number, actual: number): string =>
      new errors.WrongExpectedVersionError({ stream: 'order/1', expected, actual }).message;
    expect(conflict('none', 3)).toBe(
      'order/1 was expected not to exist, but is at version 3; load it and decide again',
    );
    expect(conflict('exists', 0)).toContain('was expected to exist, but does not exist');
    expect(conflict(2, 3)).toContain('was expected at version 2, but is at version 3');
  });

  it('name an option, what was given and what is allowed, long texts cut', () => {
    const message = (given: unknown): string =>
      new errors.InvalidOptionError({ option: 'limit', given, allowed: 'an integer' }).message;
    expect(message(-1)).toBe('limit must be an integer; given: -1');
    expect(message('x'.repeat(500)).length).toBeLessThan(150);
    expect(message(new Map())).toContain('given: Map');
    expect(message(Object.create(null))).toContain('given: object');
    expect(message(null)).toContain('given: null');
    expect(message(Symbol('s'))).toContain('Symbol(s)');
  });
});
