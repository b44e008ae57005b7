import { noteAppended } from '../../event/append-tracking.js';
import type { Commit } from '../../event/commit.js';
import { encodeCommit } from '../../event/commit-format.js';
import type { EventCipher } from '../../event/event-cipher.js';
import type { Position } from '../../event/position.js';
import { subjectOfCommit } from '../../event/subject.js';
import { ServerHeader } from '../../jetstream/api/server-headers.js';
import { InFlight } from '../../kernel/in-flight.js';
import type { MessageLog, OutgoingMessage } from '../../log/message-log.js';
import { checkSize } from '../append/commit-message.js';
import { type NotificationEnd, Notification } from './notification-publish.js';
import { NotifyIncompleteError } from './notify-errors.js';
import type { NotifyResult } from './notify-options.js';
import type { NotifyRequest } from './notify-request.js';

/** What a notifier needs of its store. */
export interface NotifierParts {
  readonly store: string;
  /** UUID of the store. */
  readonly identity: string;
  readonly log: MessageLog;
  readonly cipher: EventCipher | undefined;
}

/** Stores notifications: each a message of its own, without a guard. */
export class Notifier {
  readonly #parts: NotifierParts;
  readonly #inFlight = new InFlight();

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  async notify(request: NotifyRequest): Promise<NotifyResult> {
    const ends = await this.#inFlight.run(async () => this.#publish(request));
    const positions = ends.flatMap((end) => (end.kind === 'stored' ? end.position : []));
    for (const position of positions) noteAppended(this.#parts.identity, position);
    if (positions.length < ends.length) throw failureOf(ends);
    return { positions };
  }

  /** Resolves when nothing is in flight. */
  async drain(): Promise<void> {
    await this.#inFlight.drain();
  }

  /** All are sent before the first answer comes, in their order. */
  async #publish({ commits, deadline }: NotifyRequest): Promise<readonly NotificationEnd[]> {
    const { log } = this.#parts;
    const sealed = await Promise.all(commits.map(async (commit) => this.#seal(commit)));
    const messages = sealed.map((commit) => this.#toMessage(commit));
    return Promise.all(messages.map(async (message) => new Notification(log, message, deadline).publish()));
  }

  async #seal(commit: Commit): Promise<Commit> {
    const { cipher } = this.#parts;
    if (cipher === undefined) return commit;
    return { ...commit, events: await cipher.seal(commit.stream, commit.events) };
  }

  #toMessage(commit: Commit): OutgoingMessage {
    const { store, log } = this.#parts;
    const message = {
      subject: subjectOfCommit(store, commit),
      payload: encodeCommit(commit),
      headers: { [ServerHeader.messageId]: commit.commitId },
    };
    checkSize(message, commit, log.maxPayload);
    return message;
  }
}

/** The reason itself where nothing was stored. */
function failureOf(ends: readonly NotificationEnd[]): unknown {
  const stored: { index: number; position: Position }[] = [];
  const failed: { index: number; isUnknown: boolean; error: unknown }[] = [];
  for (const [index, end] of ends.entries()) {
    if (end.kind === 'stored') stored.push({ index, position: end.position });
    else failed.push({ index, isUnknown: end.kind === 'unknown', error: end.error });
  }
  const cause = failed[0]?.error;
  const placesOf = (isUnknown: boolean): number[] =>
    failed.filter((one) => one.isUnknown === isUnknown).map(({ index }) => index);
  const unknown = placesOf(true);
  if (stored.length === 0 && unknown.length === 0) return cause;
  return new NotifyIncompleteError({ stored, unknown, notStored: placesOf(false) }, { cause });
}
