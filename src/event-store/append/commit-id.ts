import { v5 as nameBasedUuid, v7 as timeOrderedUuid } from 'uuid';
import type { StreamName } from '../../event/stream-name.js';
import { encodeSubjectToken } from '../../event/subject-token.js';

/** Namespace of commit ids that derive from command ids; part of the wire format. */
const COMMAND_NAMESPACE = '6f1c1d0e-2b7a-5c55-9d43-6a3a0f6f5f11';

/** A new id, ordered by time. */
export function newCommitId(): string {
  return timeOrderedUuid();
}

/**
 * The id of the commit that a command makes in a stream: UUID v5 of `<category>/<encoded id>#<command id>`.
 */
export function commitIdOfCommand(stream: StreamName, commandId: string): string {
  // the encoded id contains no '#', so no two pairs share a name
  return nameBasedUuid(`${stream.category}/${encodeSubjectToken(stream.id)}#${commandId}`, COMMAND_NAMESPACE);
}
