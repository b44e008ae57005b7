import type { LiveStore } from '../fold/live-store.js';
import type { ProjectionDefinition } from './projection-definition.js';

/** A projection in live style: each process that runs it has the state in memory. */
export interface LiveProjection<State extends object> extends ProjectionDefinition<LiveStore<State>> {
  readonly store: LiveStore<State>;
}
