import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isJetsourceError } from '../../src/errors/any-jetsource-error.js';
import { WrongExpectedVersionError } from '../../src/event-store/append/append-errors.js';
import * as aggregateErrors from '../../src/aggregate/aggregate-errors.js';
import { InvalidOptionError } from '../../src/kernel/invalid-option-error.js';
import * as rootEntry from '../../src/index.js';
import * as cqrsEntry from '../../src/cqrs.js';
import * as nestEntry from '../../src/nestjs.js';
import * as postgresEntry from '../../src/postgres.js';
import * as testingEntry from '../../src/testing.js';
import * as transportEntry from '../../src/transport.js';
import { ERROR_DETAILS as DETAILS, errorClasses as classes } from '../support/error-classes.js';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** With a query it is another module, as in another installed copy. */
const COPY: string = '../../src/aggregate/aggregate-errors.js?copy';

describe('errors', () => {
  it('are found by this spec', () => {
    expect(classes.length).toBeGreaterThan(15);
  });

  it('are all in AnyJetsourceError, and nothing else is', () => {
    const source = readFileSync(join(src, 'errors/any-jetsource-error.ts'), 'utf8');
    const members = (/export type AnyJetsourceError =([^;]+);/.exec(source)?.[1] ?? '')
      .split('|')
      .map((member) => member.trim())
      .filter((member) => member !== '');
    expect(members.toSorted()).toEqual(classes.map(([name]) => name).toSorted());
  });

  it('are all exported to users', () => {
    const entries = [rootEntry, nestEntry, cqrsEntry, transportEntry, testingEntry, postgresEntry];
    const exported = Object.keys(Object.assign({}, ...entries) as object);
    expect(exported).toEqual(expect.arrayContaining(classes.map(([name]) => name)));
  });

  it('have a code each, in kebab-case', () => {
    const codes = classes.map(([, ErrorClass]) => new ErrorClass(DETAILS).code);
    expect(new Set(codes).size).toBe(classes.length);
    for (const code of codes) expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/);
  });

  it.each(classes)(
    '%s bears its name, its cause, a message, and an outcome where data were at stake',
    (name, ErrorClass) => {
      const cause = new TypeError('why');
      const error = new ErrorClass(DETAILS, { cause });
      expect(error.name).toBe(name);
      expect(String(error)).toMatch(new RegExp(`^${name}: .`));
      expect(['not-applied', 'unknown', undefined]).toContain(error.outcome);
      expect(error.cause).toBe(cause);
      expect(error).toBeInstanceOf(Error);
      expect(error).toBeInstanceOf(ErrorClass);
      expect(error.stack).toContain('errors.spec');
      expect(isJetsourceError(error)).toBe(true);
    },
  );

  it('say "unknown" of an outcome only where something was sent', () => {
    const unknown = classes
      .map(([, ErrorClass]) => new ErrorClass(DETAILS))
      .filter(({ outcome }) => outcome === 'unknown');
    expect(unknown.map(({ name }) => name).toSorted()).toEqual([
      'AppendOutcomeUnknownError',
      'NotifyIncompleteError',
      'PublishOutcomeUnknownError',
      'RequestTimeoutError',
    ]);
  });

  it('are recognised when another installed copy of the package threw them', async () => {
    const copy = (await import(COPY)) as typeof aggregateErrors;
    const error = new copy.AggregateNotFoundError({ stream: 'order/1' });
    expect(copy.AggregateNotFoundError).not.toBe(aggregateErrors.AggregateNotFoundError);
    expect(error).not.toBeInstanceOf(aggregateErrors.AggregateNotFoundError);
    expect(isJetsourceError(error)).toBe(true);
  });

  it.each([[new Error('x')], [{ code: 'nats' }], ['text'], [null], [undefined], [() => 1]])(
    'are not mistaken: %p',
    (value) => {
      expect(isJetsourceError(value)).toBe(false);
    },
  );
});

describe('messages of errors', () => {
  it('name the expected and the actual version', () => {
    const conflict = (expected: 'none' | 'exists' | number, actual: number): string =>
      new WrongExpectedVersionError({ stream: 'order/1', expected, actual }).message;
    expect(conflict('none', 3)).toBe(
      'order/1 was expected not to exist, but is at version 3; load it and decide again',
    );
    expect(conflict('exists', 0)).toContain('was expected to exist, but does not exist');
    expect(conflict(2, 3)).toContain('was expected at version 2, but is at version 3');
  });

  it('name an option, what was given and what is allowed, long texts cut', () => {
    const message = (given: unknown): string =>
      new InvalidOptionError({ option: 'limit', given, allowed: 'an integer' }).message;
    expect(message(-1)).toBe('limit must be an integer; given: -1');
    expect(message('x'.repeat(500)).length).toBeLessThan(150);
    expect(message(new Map())).toContain('given: Map');
    expect(message(Object.create(null))).toContain('given: object');
    expect(message(null)).toContain('given: null');
    expect(message(Symbol('s'))).toContain('Symbol(s)');
  });
});
