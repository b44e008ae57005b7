import { overlappedLanes } from '../../lane/lane-slots.js';
import { type FoundConsumer, floorOf, type ReactorConsumers } from './reactor-consumers.js';
import type { ReactorDefinition } from './reactor-definition.js';

/**
 * Moves a reactor to another number of lanes: each new lane begins after what all former lanes of its slots have
 * done. What one of them had done beyond that is handled again. The former consumers are removed.
 *
 * Nobody may run the former lanes.
 *
 * @returns how many commits may be handled again at most.
 */
export async function changeLanes(
  consumers: ReactorConsumers,
  definition: ReactorDefinition,
): Promise<number> {
  const { lanes = 1 } = definition;
  const former = await consumers.formerOf(definition);
  if (former.length === 0) return 0;
  for (let lane = 0; lane < lanes; lane += 1) {
    const before = former.filter(({ of }) => overlappedLanes({ lane, lanes }, of.lanes).includes(of.lane));
    const floors = before.map(({ info }) => floorOf(info));
    if (floors.length > 0) await consumers.create(definition, lane, { sequence: Math.min(...floors) + 1 });
  }
  for (const { info } of former) await consumers.remove(info.name);
  return repeatedAtMost(former);
}

/** What was done above the lowest floor is not known to the others. */
function repeatedAtMost(former: readonly FoundConsumer[]): number {
  const floors = former.map(({ info }) => floorOf(info));
  const delivered = former.map(({ info }) => info.delivered.stream_seq);
  return Math.max(0, ...delivered) - Math.min(...floors);
}
