import { CallSite } from '../../src/kernel/call-site.js';

function callingFunction(): CallSite {
  return new CallSite();
}

describe('a call site', () => {
  it('appends the frames of the call to the stack of an error', () => {
    const error = new Error('failed later');
    const before = error.stack;
    callingFunction().addTo(error);
    expect(error.stack?.startsWith(before ?? '')).toBe(true);
    expect(error.stack?.slice(before?.length)).toMatch(/^\n {4}at callingFunction .*call-site\.spec/);
  });

  it('appends them once', () => {
    const error = new Error('failed later');
    const call = callingFunction();
    call.addTo(error);
    const { stack } = error;
    call.addTo(error);
    expect(error.stack).toBe(stack);
  });

  it.each([undefined, null, 'text', {}, Object.freeze(new Error('frozen'))])(
    'leaves %p as it is',
    (given) => {
      const before = (given as Error | undefined)?.stack;
      callingFunction().addTo(given);
      expect((given as Error | undefined)?.stack).toBe(before);
    },
  );

  it('adds nothing where the application makes other values of stacks than text', () => {
    const error = new Error('failed later');
    const { stack } = error;
    const before = Reflect.get(Error, 'prepareStackTrace') as unknown;
    Reflect.set(Error, 'prepareStackTrace', (_: unknown, frames: unknown) => frames);
    try {
      callingFunction().addTo(error);
    } finally {
      Reflect.set(Error, 'prepareStackTrace', before);
    }
    expect(error.stack).toBe(stack);
  });
});
