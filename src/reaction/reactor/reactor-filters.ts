import type { EventRegistry } from '../../event/event-registry.js';
import { isSystemCategory } from '../../event/stream-name.js';
import { slotSubjects } from '../../event/subject.js';
import { encodeSubjectToken } from '../../event/subject-token.js';
import { type LanePart, slotsOfLane } from '../../lane/lane-slots.js';
import type { ReactorDefinition } from './reactor-definition.js';

/** The category of notifications: events without an aggregate, with their type as the last token of the subject. */
export const BUS = '$bus';

/** What the consumer of a lane delivers. */
export function laneFilters(
  definition: Pick<ReactorDefinition, 'categories' | 'events'>,
  part: LanePart,
  { name, registry }: { readonly name: string; readonly registry: EventRegistry },
): readonly string[] {
  const slots = part.lanes === 1 ? (['*'] as const) : slotsOfLane(part);
  const categories = new Set(definition.categories ?? ['*']);
  const types = definition.events?.map((event) => encodeSubjectToken(registry.nameOf(event)));
  return slots.flatMap((slot) =>
    [...categories].flatMap((category) =>
      category === BUS && types !== undefined
        ? types.map((type) => `${name}.${slot}.${BUS}.${type}`)
        : [slotSubjects(name, slot, category)],
    ),
  );
}

/**
 * Categories of jetsource's own whose events a reactor gets: those that it names; notifications where it names
 * none.
 */
export function ownCategoriesOf({
  categories = [BUS],
}: Pick<ReactorDefinition, 'categories'>): readonly string[] {
  return categories.filter(isSystemCategory);
}

/** The current names of the event types that a reactor handles; undefined for all. */
export function eventTypesOf(
  { events }: Pick<ReactorDefinition, 'events'>,
  registry: EventRegistry,
): readonly string[] | undefined {
  return events?.map((event) => registry.nameOf(event));
}
