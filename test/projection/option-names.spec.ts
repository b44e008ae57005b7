import { Projections } from '../../src/projection/projections.js';
import { sums } from './orders.js';
import { ProjectionBench, errorOf } from './projection-bench.js';

let bench: ProjectionBench;

beforeEach(() => {
  bench = new ProjectionBench();
});

afterEach(() => bench.stop());

/** Callers without types. */
function untyped(): Record<string, (...given: unknown[]) => Promise<unknown>> {
  return bench.projections(sums(bench.store)) as never;
}

describe('options of projections', () => {
  it.each<[string, unknown[], string]>([
    ['start', [{ sginal: 1 }], 'sginal must be one of signal'],
    ['start', [{ signal: 5 }], 'signal must be an AbortSignal; given: 5'],
    ['start', [null], 'options must be an object with some of signal; given: null'],
    ['waitFor', ['sums', '1.0', { timeout: 5 }], 'timeout must be one of timeoutMs, signal, ofAnyCategory'],
    [
      'waitFor',
      ['sums', undefined, { timeout: 5 }],
      'timeout must be one of timeoutMs, signal, ofAnyCategory',
    ],
    ['waitFor', ['sums', '1.0', { signal: {} }], 'signal must be an AbortSignal'],
    ['waitFor', ['sums', 'first'], 'position must be a position returned by a store'],
    ['waitUntilLive', [{ timeoutMs: '5' }], 'timeoutMs must be an integer from 0 to 2147483647'],
    ['waitUntilLive', [5_000], 'options must be an object with some of timeoutMs, signal; given: 5000'],
    [
      'rebuild',
      ['sums', { form: 1 }],
      'form must be one of from, onProgress, batch, maxEventsPerSecond, signal',
    ],
    ['rebuild', ['sums', { onProgress: 1 }], 'onProgress must be a function; given: 1'],
    ['rebuild', ['sums', { signal: 1 }], 'signal must be an AbortSignal; given: 1'],
    [
      'rebuild',
      ['sums', { from: 7 }],
      'from must be an object with some of position, sequence, time; given: 7',
    ],
    ['rebuild', ['sums', { from: { after: '1.0' } }], 'from.after must be one of position, sequence, time'],
    ['rebuild', ['sums', { from: { position: 'x' } }], 'position must be a position returned by a store'],
  ])('of %s are checked for callers without types: %j', async (method, given, message) => {
    const projections = untyped();
    const error = await errorOf((async () => projections[method]?.(...given))());
    expect(error).toMatchObject({ code: 'invalid-option' });
    expect(error.message).toContain(message);
    expect(bench.store.commits).toBe(0);
  });

  it.each<[unknown[], string]>([
    [[{}], 'projections must be a list of what defineProjection(…) returned; given: Object'],
    [[undefined], 'projections must be a list of what defineProjection(…) returned; given: undefined'],
    [[[{ name: 'sums' }]], 'projections[0] must be what defineProjection(…) returned'],
    [[[null]], 'projections[0] must be'],
    [[[], { onErorr: 1 }], 'onErorr must be one of onError'],
    [[[], { onError: 1 }], 'onError must be a function; given: 1'],
    [[[], null], 'options must be an object with some of onError'],
  ])('of Projections are checked for callers without types: %j', (given, message) => {
    const Untyped = Projections as unknown as new (...given: unknown[]) => unknown;
    expect(() => new Untyped(bench.log, ...given)).toThrow(message);
    expect(() => new Untyped(bench.log, ...given)).toThrow(
      expect.objectContaining({ code: 'invalid-option' }) as Error,
    );
  });
});
