import type { EventStore } from '../../src/event-store/event-store.js';
import type { ConformanceCase } from '../../src/testing/conformance/conformance-case.js';
import { conformanceContext } from '../../src/testing/conformance/conformance-context.js';

/** An event store that the cases run on. */
export interface ConformanceAdapter {
  readonly cases: readonly ConformanceCase[];
  /** Opens a new handle on the one store that all cases use. */
  readonly open: () => Promise<EventStore>;
  /** Names of cases that the store does not support, each with the reason. */
  readonly skips?: Readonly<Record<string, string>>;
}

/** Runs all cases on one store, and closes what they opened. */
export function describeConformance(title: string, { cases, open, skips = {} }: ConformanceAdapter): void {
  describe(title, () => {
    let store: EventStore;
    const opened: EventStore[] = [];

    beforeAll(async () => {
      store = await open();
    });

    afterEach(async () => {
      await Promise.all(opened.splice(0).map(async (handle) => handle.close()));
    });

    afterAll(async () => {
      await store?.close();
    });

    for (const { name, run } of cases.filter((each) => !Object.hasOwn(skips, each.name))) {
      it(
        name,
        async () => {
          const another = async (): Promise<EventStore> => {
            const handle = await open();
            opened.push(handle);
            return handle;
          };
          await expect(run(conformanceContext(store, another))).resolves.toBeUndefined();
        },
        60_000,
      );
    }

    it('skips only existing cases', () => {
      const names = cases.map(({ name }) => name);
      expect(Object.keys(skips).filter((name) => !names.includes(name))).toEqual([]);
    });

    for (const [name, reason] of Object.entries(skips)) {
      it.skip(`${name} (skipped: ${reason})`, () => undefined);
    }
  });
}
