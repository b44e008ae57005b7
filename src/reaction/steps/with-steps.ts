import { AsyncLocalStorage } from 'node:async_hooks';
import type { EventStore } from '../../event-store/event-store.js';
import type { ReactorDefinition } from '../reactor/reactor-definition.js';
import { DurableSteps, type StepScope } from './durable-steps.js';
import type { Resume } from './resume.js';
import { serviceId } from '../service-ids.js';
import { StepsUnavailableError } from './step-errors.js';
import type { Steps } from './steps.js';

const current = new AsyncLocalStorage<DurableSteps>();

/**
 * The steps of the handler that is running, in all that it calls. See {@link Steps}.
 *
 * @example
 * const ship = defineReactor({
 *   name: 'ship',
 *   events: [OrderPlaced],
 *   handle: async ({ data }) => {
 *     await steps.run('charge', async () => payments.charge(data));
 *     await steps.sleep('cooling-off', '14 days');
 *     await steps.run('ship', async () => parcels.ship(data));
 *   },
 * });
 */
export const steps: Steps = {
  run: async (name, work) => currentSteps().run(name, work),
  sleep: async (name, time) => currentSteps().sleep(name, time),
};

/**
 * The steps of the handler that is running.
 *
 * @throws {@link StepsUnavailableError} where none is.
 */
export function currentSteps(): Steps {
  const found = current.getStore();
  if (found === undefined) throw new StepsUnavailableError();
  return found;
}

/**
 * Runs the handling of an event with steps. Resolves with undefined when the handler waits for long: then
 * `scope.resume` brings the event back.
 *
 * @throws what `work` throws; {@link StepMismatchError} when it does not fit the steps that are stored.
 */
export async function withSteps<T>(
  store: EventStore,
  scope: StepScope,
  work: () => T | Promise<T>,
): Promise<T | undefined> {
  const own = new DurableSteps(store, scope);
  return own.around(() => current.run(own, work));
}

/** A reactor whose handler can use {@link steps}. Its steps cost nothing until it uses them. */
export function reactorWithSteps(
  store: EventStore,
  definition: ReactorDefinition,
  { resume }: { readonly resume?: Resume | undefined } = {},
): ReactorDefinition {
  const { handle } = definition;
  return {
    ...definition,
    handle: async (event, context) => {
      const scope: StepScope = {
        reactor: serviceId(context.service, context.reactor),
        event,
        resume,
        // asked for when a step is used: it costs a timer
        get signal() {
          return context.signal;
        },
      };
      return withSteps(store, scope, async () => handle(event, context));
    },
  };
}
