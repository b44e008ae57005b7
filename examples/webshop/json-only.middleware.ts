import type { IncomingMessage } from 'node:http';
import { UnsupportedMediaTypeException } from '@nestjs/common';

/** Rejects a body in another format, which would otherwise be ignored as if there were none. */
export function jsonOnly(request: IncomingMessage, _response: unknown, next: () => void): void {
  const {
    'content-type': type = '',
    'content-length': length,
    'transfer-encoding': chunked,
  } = request.headers;
  const hasBody = chunked !== undefined || Number(length ?? 0) > 0;
  if (hasBody && !/^application\/json\s*(;|$)/i.test(type))
    throw new UnsupportedMediaTypeException('the body has to be JSON, and content-type application/json');
  next();
}
