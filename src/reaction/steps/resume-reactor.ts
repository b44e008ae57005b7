import { STEP_RESUME } from '../../event/own-event-types.js';
import type { RecordedEvent } from '../../event/recorded-event.js';
import { causedBy, runWithMetadata } from '../../event/metadata-context.js';
import { recordedEventAt } from '../../event-store/read/recorded-event-at.js';
import type { EventStore } from '../../event-store/event-store.js';
import type { ReactionOptions, ReactorDefinition } from '../reactor/reactor-definition.js';
import { idWithin } from '../service-ids.js';
import { UnrecoverableError } from '../unrecoverable-error.js';
import { type ResumedEvent, STEPS_CATEGORY } from './step-log.js';

/** Name of the reactor that continues handlers after long sleeps. */
export const STEP_RESUMES = 'step-resumes';

/**
 * The reactor that gives events back to handlers which waited for long in a step. It belongs beside them, into the
 * `Reactors` of the same service. An event that keeps failing is parked as an event of this reactor.
 *
 * @param reactors What {@link reactorWithSteps} returned.
 */
export function resumeReactor(
  store: EventStore,
  reactors: readonly ReactorDefinition[],
  options: Omit<ReactionOptions, 'from'> = {},
): ReactorDefinition {
  const byName = new Map(reactors.map((reactor) => [reactor.name, reactor]));
  return {
    ...options,
    name: STEP_RESUMES,
    categories: [STEPS_CATEGORY],
    events: [STEP_RESUME],
    // what was due before its first start comes back as well
    from: 'beginning',
    handle: async ({ data }, context) => {
      const resumed = data as ResumedEvent;
      const reactor = byName.get(idWithin(context.service, resumed.reactor) ?? '');
      // of another service, or gone
      if (reactor === undefined) return;
      const event = await eventOf(resumed, store, context.signal);
      const { service, attempt, isRedriven } = context;
      await runWithMetadata(causedBy(event), async () =>
        reactor.handle(event, {
          reactor: reactor.name,
          service,
          attempt,
          isRedriven,
          get signal() {
            return context.signal;
          },
        }),
      );
    },
  };
}

async function eventOf(
  { reactor, eventId, position }: ResumedEvent,
  store: EventStore,
  signal: AbortSignal,
): Promise<RecordedEvent> {
  const event = await recordedEventAt(store, { position, eventId }, signal);
  if (event !== undefined) return event;
  throw new UnrecoverableError(
    `event ${eventId} cannot be continued by ${reactor} after its sleep: the store does not hold it any more`,
  );
}
