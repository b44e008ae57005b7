import type { ReadPacket } from '@nestjs/microservices';
import type { HeaderValues } from '../../log/message-log.js';
import type { PublishRequest } from '../../jetstream/publish/publish-request.js';
import { BODY_HEADER, isPacketFor, PAYLOAD_BODY } from '../body-header.js';
import { correlationHeaders } from '../correlation-header.js';
import { defaultMessageId } from './default-message-id.js';
import { toHeaderValues } from '../header-values.js';
import { literalSubject } from './literal-subject.js';
import type { MessageBody } from '../message-body.js';
import type { ClientSettings } from './nats-jetstream-client-options.js';
import { contextHeaders } from '../open-telemetry.js';
import { METADATA_HEADER } from '../packet-metadata.js';
import {
  checkPublishOptions,
  type JetStreamPublishOptions,
  type PublishOptions,
  toPublishOptions,
} from './publish-options.js';

/**
 * An event's options, with those of the client for what it does not say.
 *
 * @throws {@link InvalidOptionError} naming an option that cannot work, or two that cannot work together.
 */
export function mergePublishOptions(
  defaults: PublishOptions,
  given: JetStreamPublishOptions,
): PublishOptions {
  const own = toPublishOptions(given);
  const isTimed = own.delayMs !== undefined || own.deliverAt !== undefined || own.schedule !== undefined;
  const timing = isTimed ? own : defaults;
  const options = {
    msgID: own.msgID,
    expect: { ...defaults.expect, ...own.expect },
    headers: { ...toHeaderValues(defaults.headers), ...toHeaderValues(own.headers) },
    timeout: own.timeout ?? defaults.timeout,
    ttlMs: own.ttlMs ?? defaults.ttlMs,
    delayMs: timing.delayMs,
    deliverAt: timing.deliverAt,
    schedule: timing.schedule,
  };
  checkPublishOptions(options);
  return options;
}

/** An event that is to be stored. */
export interface OutgoingEvent {
  /** The normalized pattern. */
  readonly pattern: string;
  readonly packet: ReadPacket;
  readonly body: MessageBody;
  readonly options: PublishOptions;
}

/**
 * The publish request for an event.
 *
 * @throws {@link InvalidOptionError} when the pattern is no subject.
 */
export function toPublishRequest(
  { pattern, packet, body, options }: OutgoingEvent,
  settings: Pick<ClientSettings, 'messageId' | 'openTelemetry'>,
): PublishRequest {
  const { delayMs, deliverAt = delayMs === undefined ? undefined : new Date(Date.now() + delayMs) } = options;
  const subject = literalSubject(pattern);
  return {
    subject,
    payload: body.payload,
    headers: {
      ...toHeaderValues(body.headers),
      ...metadataHeaders(packet),
      ...bodyHeaders(subject, packet),
      ...correlationHeaders(),
      ...contextHeaders(settings.openTelemetry),
      ...toHeaderValues(options.headers),
    },
    messageId: options.msgID ?? settings.messageId(pattern, packet.data) ?? defaultMessageId(packet.data),
    expect: options.expect ?? {},
    ttlMs: options.ttlMs,
    at: deliverAt,
    schedule: options.schedule,
  };
}

function bodyHeaders(subject: string, { data }: ReadPacket): HeaderValues {
  return isPacketFor(subject, data) ? { [BODY_HEADER]: PAYLOAD_BODY } : {};
}

function metadataHeaders({ metadata }: ReadPacket): HeaderValues {
  return metadata === undefined ? {} : { [METADATA_HEADER]: JSON.stringify(metadata) };
}
