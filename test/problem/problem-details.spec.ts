import 'reflect-metadata';
import {
  AggregateNotFoundError,
  type ErrorClass,
  NatsError,
  PayloadTooLargeError,
  type ProblemOptions,
  problemDetails,
  StoreNotFoundError,
  TransactionConflictError,
  WaitTimeoutError,
  WrongExpectedVersionError,
} from 'jetsource';
import { ERROR_DETAILS, errorClasses } from '../support/error-classes.js';

/** The status of every error; those that are not listed are 500. */
const STATUS: Readonly<Record<string, number>> = {
  InvalidOptionError: 400,
  InvalidStreamNameError: 400,
  AggregateNotFoundError: 404,
  DeadLetterNotFoundError: 404,
  WrongExpectedVersionError: 409,
  TransactionConflictError: 409,
  ExpectationFailedError: 409,
  ProjectionBusyError: 409,
  StartNotInLogError: 409,
  CommitRemovedError: 410,
  PayloadTooLargeError: 413,
  InvalidEventError: 422,
  CommandIdReusedError: 422,
  NatsError: 503,
  ConnectionClosedError: 503,
  PublishRefusedError: 503,
  NoResponderError: 503,
  WaitTimeoutError: 503,
  ProjectionNotReadyError: 503,
  ProjectionFailedError: 503,
  ProjectionDivergedError: 503,
  ProjectionStuckError: 503,
  ProjectionOperationError: 503,
  AppendOutcomeUnknownError: 504,
  NotifyIncompleteError: 504,
  PublishOutcomeUnknownError: 504,
  RequestTimeoutError: 504,
};

/** 503 that end when somebody acts. */
const STOPPED = ['ProjectionFailedError', 'ProjectionDivergedError', 'ProjectionStuckError'];

class Refused extends Error {
  override readonly name = 'Refused';
}
class SoldOut extends Refused {
  readonly code = 'sold-out';
}

describe('problemDetails', () => {
  it('has a status for classes that exist only', () => {
    const names = errorClasses.map(([name]) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(STATUS)));
  });

  it.each(errorClasses)('answers to %s without a stack, and without what is inside', (name, type) => {
    const cause = new TypeError('the password is swordfish');
    const error = new type(ERROR_DETAILS, { cause });
    const problem = problemDetails(error);
    const status = STATUS[name] ?? 500;
    expect(problem).toMatchObject({ status, body: { status, type: 'about:blank' } });
    expect(problem?.headers['content-type']).toBe('application/problem+json');
    const sent = JSON.stringify(problem?.body);
    expect(sent).not.toContain('swordfish');
    expect(sent).not.toContain('error-classes');
    expect(sent).not.toContain('    at ');
    expect(problem?.body['stack']).toBeUndefined();
    expect(problem?.body.title).toMatch(/^[A-Z][a-zA-Z ]+$/);
    expect(problem?.body.outcome).toBe(error.outcome);
    const [isInside, isOfService] = [status === 500, status >= 500];
    expect(problem?.body.code).toBe(isInside ? undefined : error.code);
    expect([name, typeof problem?.body.detail]).toEqual([name, isInside ? 'undefined' : 'string']);
    expect([name, isOfService && problem?.body.detail === error.message]).toEqual([name, false]);
  });

  it('says what may be repeated: only that of which nothing was stored', () => {
    for (const [name, type] of errorClasses) {
      const error = new type(ERROR_DETAILS);
      const { status, headers, body } = problemDetails(error) as NonNullable<
        ReturnType<typeof problemDetails>
      >;
      expect([name, body.retryable]).toEqual([name, status === 503]);
      expect([name, 'retry-after' in headers]).toEqual([name, status === 503 && !STOPPED.includes(name)]);
      expect([name, error.outcome === 'unknown' && status === 503]).toEqual([name, false]);
    }
    const unknown = problemDetails(new NatsError('it broke', { outcome: 'unknown' }));
    expect(unknown).toMatchObject({ status: 504, body: { outcome: 'unknown', retryable: false } });
    expect(unknown?.headers).not.toHaveProperty('retry-after');
    const lost = new StoreNotFoundError({ store: 's', reason: 'r', outcome: 'unknown' });
    expect(problemDetails(lost)).toMatchObject({ status: 500, body: { outcome: 'unknown' } });
  });

  it('has the members that a client can act on', () => {
    const conflict = new WrongExpectedVersionError({ stream: 'order/1', expected: 2, actual: 3 });
    expect(problemDetails(conflict, { instance: '/orders/1/ship' })?.body).toEqual({
      type: 'about:blank',
      title: 'Conflict',
      status: 409,
      detail: 'order/1 was expected at version 2, but is at version 3; load it and decide again',
      instance: '/orders/1/ship',
      code: 'wrong-expected-version',
      outcome: 'not-applied',
      retryable: false,
      stream: 'order/1',
      expected: 2,
      actual: 3,
    });
    const violations = [{ index: 1, stream: 'order/1', expected: 'none' as const, actual: 3 }];
    expect(problemDetails(new TransactionConflictError({ violations }))?.body['violations']).toEqual(
      violations,
    );
    const large = new PayloadTooLargeError({ stream: 'order/1', size: 2, limit: 1 });
    expect(problemDetails(large)?.body).toMatchObject({ size: 2, limit: 1 });
    const lag = { pending: 7, lagSeconds: 3 };
    const late = new WaitTimeoutError({ what: 'w', timeoutMs: 1, progress: 'p', lag });
    expect(problemDetails(late)).toMatchObject({ headers: { 'retry-after': '1' }, body: lag });
  });

  it('says 412 of a wrong version where the request is conditional', () => {
    const conflict = new WrongExpectedVersionError({ stream: 'order/1', expected: 2, actual: 3 });
    const missing = new AggregateNotFoundError({ stream: 'order/1' });
    const statuses = [conflict, missing].map(
      (error) => problemDetails(error, { isConditional: true })?.status,
    );
    expect(statuses).toEqual([412, 404]);
  });

  it('makes types of codes where it is told what they begin with', () => {
    const typeBase = 'https://shop.example/problems/';
    const typeOf = (error: Error): string | undefined =>
      problemDetails(error, { typeBase, refusals: [Refused] })?.body.type;
    expect(typeOf(new AggregateNotFoundError({ stream: 's' }))).toBe(`${typeBase}aggregate-not-found`);
    expect(typeOf(new SoldOut())).toBe(`${typeBase}sold-out`);
    expect(typeOf(new StoreNotFoundError({ store: 's', reason: 'r' }))).toBe('about:blank');
  });

  it('answers 422 to refusals and those that extend them, with their message and code or name', () => {
    const refusals = [Refused];
    expect(problemDetails(new Refused('no'), { refusals })).toMatchObject({
      status: 422,
      body: { title: 'Unprocessable Entity', detail: 'no', code: 'Refused', retryable: false },
    });
    expect(problemDetails(new SoldOut('gone'), { refusals })?.body).toMatchObject({ code: 'sold-out' });
    class Unnamed extends Error {}
    expect(problemDetails(new Unnamed(), { refusals: [Unnamed] })?.body.code).toBe('Unnamed');
    expect(problemDetails(new Error('other'), { refusals })).toBeUndefined();
    for (const nothing of [undefined, null, 'text', { code: 'nats' }])
      expect(problemDetails(nothing, { refusals })).toBeUndefined();
  });

  it('takes the status of the nearest class of a map, for errors of jetsource too', () => {
    const refusals = new Map<ErrorClass, number>([
      [Refused, 409],
      [SoldOut, 410],
      [AggregateNotFoundError, 403],
    ]);
    const errors = [new Refused(), new SoldOut(), new AggregateNotFoundError({ stream: 's' })];
    expect(errors.map((error) => problemDetails(error, { refusals })?.status)).toEqual([409, 410, 403]);
  });

  it.each<[string, unknown]>([
    ['refusal must be one of', { refusal: [Refused] }],
    ['refusals must be a list', { refusals: Refused }],
    ['refusals must be classes', { refusals: ['Refused'] }],
    ['refusals must be classes', { refusals: [class Plain {}] }],
    ['refusals (Refused) must be a status', { refusals: new Map([[Refused, 200]]) }],
    ['instance must be', { instance: 1 }],
    ['typeBase must be', { typeBase: 1 }],
  ])('refuses options that cannot work: %s', (message, options) => {
    expect(() => problemDetails(new Refused(), options as ProblemOptions)).toThrow(message);
  });
});
