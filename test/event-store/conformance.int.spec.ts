import { conformanceEvents } from '../../src/testing/conformance/conformance-events.js';
import { eventStoreCases } from '../../src/testing/conformance/event-store-cases.js';
import { openStore, uniqueStoreName } from '../shared-server.js';
import { describeConformance } from './conformance-run.js';

const name = uniqueStoreName();

describeConformance('the event store on a server', {
  cases: eventStoreCases,
  open: async () => openStore({ name, events: conformanceEvents }),
});
