export { InMemoryEventStore, inMemoryEventStore } from './testing/in-memory/in-memory-event-store.js';
export type { InMemoryEventStoreOptions } from './testing/in-memory/in-memory-options.js';
export { inMemoryProjectionStore } from './testing/in-memory/in-memory-projection-store.js';
export type { InMemoryProjectionStore } from './testing/in-memory/in-memory-projection-store.js';
export type { ConformanceCase, ConformanceContext } from './testing/conformance/conformance-case.js';
export { conformanceContext } from './testing/conformance/conformance-context.js';
export { conformanceEvents } from './testing/conformance/conformance-events.js';
export { eventStoreCases } from './testing/conformance/event-store-cases.js';
export type { NatsClusterOptions } from './testing/nats-cluster-options.js';
export type { NatsCluster } from './testing/nats-cluster.js';
export type { NatsServerOptions } from './testing/nats-server-options.js';
export type { NatsServer } from './testing/nats-server.js';
export { startNatsCluster } from './testing/start-nats-cluster.js';
export { startNatsServer } from './testing/start-nats-server.js';
export type { ExpectedError } from './testing/expected-error.js';
export { recordEvents } from './testing/event-recording.js';
export type { EventRecording } from './testing/event-recording.js';
export { untilHandled } from './testing/until-handled.js';
export type { UntilHandledOptions } from './testing/until-handled.js';
export { specification } from './testing/specification.js';
export { FakeTimers, fakeTimers } from './testing/fake-timers.js';
export type { FakeTimersOptions } from './testing/fake-timers.js';
export type { Expectations, Specification } from './testing/specification.js';
export type {
  ExpectedOutcome,
  ProcessExpectations,
  ProcessSpecification,
} from './testing/process/process-specification.js';
export { processSpecification } from './testing/process/process-specification.js';
export type { GivenEntry, GivenOptions } from './testing/projection/given-commits.js';
export type { ModelRead } from './testing/projection/model-reader.js';
export { projectionSpecification } from './testing/projection/projection-specification.js';
export type {
  ProjectionSpecification,
  ProjectionSpecificationOptions,
} from './testing/projection/projection-specification.js';
export { NatsServerUnavailableError } from './testing/nats-server-unavailable-error.js';
export { inMemorySnapshots } from './aggregate/snapshot/in-memory-snapshot-store.js';
export { InMemoryMessageLog } from './testing/in-memory/in-memory-message-log.js';
export type { InMemoryMessageLogOptions } from './testing/in-memory/in-memory-message-log.js';
export { InMemoryStorage } from './testing/in-memory/in-memory-storage.js';
export { LogFaults } from './testing/in-memory/log-faults.js';
export type { LostWrite, RecordFaults } from './testing/in-memory/record-faults.js';
