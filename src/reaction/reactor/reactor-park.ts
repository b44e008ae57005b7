import type { JetStreamEventStore } from '../../event-store/jetstream-event-store.js';
import type { DeadLetterStream } from '../../jetstream/dead-letters/dead-letter-stream.js';
import { openParkingPlace } from '../parking/open-parking-place.js';
import { ParkedEvents } from './parked-events.js';

/** Where the reactors of a service park events; opened when it is needed. */
export class ReactorPark {
  readonly #store: JetStreamEventStore;
  readonly #service: string;
  #opening: Promise<DeadLetterStream> | undefined;

  constructor(store: JetStreamEventStore, service: string) {
    this.#store = store;
    this.#service = service;
  }

  /** @throws {@link JetStreamSettingsError} when the server refuses it; it is tried again then. */
  async place(): Promise<DeadLetterStream> {
    const { connection, jetStream } = this.#store;
    const opening = (this.#opening ??= openParkingPlace(connection, {
      service: this.#service,
      logs: [jetStream],
      settings: {},
    }));
    try {
      return await opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async events(): Promise<ParkedEvents> {
    return new ParkedEvents(this.#store, this.#service, await this.place());
  }
}
