import type { LanePart } from '../../lane/lane-slots.js';
import { durableName } from '../consumer/durable-name.js';

/** A reactor of a service. */
export interface ReactorRef {
  readonly service: string;
  /** Name of the reactor. */
  readonly reactor: string;
}

/** Whose a durable consumer is, as its metadata says. */
export type ReactorConsumer = ReactorRef & LanePart;

const KEYS = {
  service: 'jetsource.service',
  reactor: 'jetsource.reactor',
  lane: 'jetsource.lane',
  lanes: 'jetsource.lanes',
};

/** Names a reactor in dead letters and records of attempts: the same for all of its lanes. */
export function reactorLabel({ service, reactor }: ReactorRef): string {
  return durableName({ service, label: `reactor.${reactor}` });
}

/** The durable consumer of a lane. Each number of lanes has its own. */
export function laneDurable({ lane, lanes, ...reactor }: ReactorConsumer): string {
  return `${reactorLabel(reactor)}==${lane}of${lanes}`;
}

/**
 * Names the work that members share. It is the service's own: two services may have reactors of one name on one
 * store. Each number of lanes is another work, since their lanes overlap.
 */
export function reactorWork({ service, reactor }: ReactorRef, lanes: number): string {
  return `${reactorWorks({ service, reactor })}${lanes}`;
}

/** How the names of a reactor's works begin, whatever their number of lanes. */
export function reactorWorks({ service, reactor }: ReactorRef): string {
  return `reactor.${service}/${reactor}/`;
}

export function reactorMetadata({ service, reactor, lane, lanes }: ReactorConsumer): Record<string, string> {
  return {
    [KEYS.service]: service,
    [KEYS.reactor]: reactor,
    [KEYS.lane]: String(lane),
    [KEYS.lanes]: String(lanes),
  };
}

/** Whose a consumer is; undefined for one that is no reactor's. */
export function reactorConsumerOf({
  metadata = {},
}: {
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}): ReactorConsumer | undefined {
  const { [KEYS.service]: service, [KEYS.reactor]: reactor } = metadata;
  const [lane, lanes] = [Number(metadata[KEYS.lane]), Number(metadata[KEYS.lanes])];
  if (service === undefined || reactor === undefined) return undefined;
  if (!Number.isInteger(lane) || !Number.isInteger(lanes)) return undefined;
  return { service, reactor, lane, lanes };
}
