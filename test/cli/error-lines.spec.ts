import { errorLines } from '../../src/cli/error-lines.js';
import { toDeadLetterError } from '../../src/jetstream/dead-letters/dead-letter-error.js';

describe('the error of a dead letter', () => {
  it('is shown with its fields and its causes', () => {
    const cause = Object.assign(new TypeError('no such zip code'), { code: 'ZIP' });
    const error = Object.assign(new Error('refused', { cause }), { status: 400 });
    const text = errorLines(toDeadLetterError(error)).join('\n');
    expect(text).toMatch(/^Error: refused\n {4}at /);
    expect(text).toContain('"status": 400');
    expect(text).toMatch(/caused by:\nTypeError: no such zip code\n/);
    expect(text).toContain('"code": "ZIP"');
  });

  it('is shown by name and message where it has no stack', () => {
    expect(errorLines(toDeadLetterError('sold out'))).toEqual(['Error: sold out']);
  });

  it('is shown with the errors that it stands for', () => {
    const error = new AggregateError([new Error('one'), new Error('other')], 'both');
    const lines = errorLines(toDeadLetterError(error));
    expect(lines.filter((line) => line === 'one of its errors:')).toHaveLength(2);
  });
});
