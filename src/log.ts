export { subjectOf } from './event/subject.js';
export { slotOf } from './event/slot.js';
export { toCloudEvents } from './event/cloud-event.js';
export type { CloudEvent } from './event/cloud-event.js';
export type { Commit, CommitEvent, StoredCommit } from './event/commit.js';
export { decodeCommit, encodeCommit } from './event/commit-format.js';
export type { CommitMessage } from './event/commit-format.js';
export type { DecodedEvent, EventPlace, EventPolicies, IsWanted } from './event/event-decoder.js';
export { EventRegistry } from './event/event-registry.js';
export type { EventDefinition } from './event/event-registry.js';
export { eventLog } from './event-store/event-log.js';
export type { EventLog } from './event-store/event-log.js';
export type { ReadCommitsOptions } from './event-store/read/read-options.js';
export type { StreamCommits } from './event-store/read/stream-status.js';
export type { CommitBatch, FollowOptions } from './event-store/replay/follow-options.js';
export { LogEventStore } from './event-store/log-event-store.js';
export type { LogEventStoreParts } from './event-store/log-event-store.js';
export { ServerHeader } from './jetstream/api/server-headers.js';
export { Deadline } from './kernel/deadline.js';
export type { LogPeers } from './log/log-peers.js';
export type {
  HeaderValues,
  MessageLog,
  OutgoingMessage,
  PublishAnswer,
  ReadPatience,
  ReplayBatch,
  ReplayOptions,
  ReplayStart,
  StoredMessage,
  SubjectMessage,
  SubjectNames,
} from './log/message-log.js';
export type { ListRecordsOptions, NewRecord, RecordTable, StoredRecord } from './log/record-table.js';
export { sizeOf } from './log/message-size.js';
