import type { MsgHdrs } from '@nats-io/transport-node';

/** What is used of `@opentelemetry/api`; it is given by those who have it, so jetsource does not depend on it. */
export interface OpenTelemetryApi {
  readonly context: {
    active(): unknown;
    with<T>(context: never, action: () => T): T;
  };
  readonly propagation: {
    inject(context: never, carrier: Record<string, string>): void;
    extract(context: never, carrier: Record<string, string>): unknown;
  };
}

/** Headers that carry the active context, such as `traceparent`; none without OpenTelemetry. */
export function contextHeaders(api: OpenTelemetryApi | undefined): Record<string, string> {
  const carrier: Record<string, string> = {};
  api?.propagation.inject(api.context.active() as never, carrier);
  return carrier;
}

/** Does something in the context that a message's headers carry. */
export function inRemoteContext<T>(
  api: OpenTelemetryApi | undefined,
  headers: MsgHdrs | undefined,
  action: () => T,
): T {
  if (api === undefined || headers === undefined) return action();
  const carrier: Record<string, string> = {};
  for (const name of headers.keys()) carrier[name.toLowerCase()] = headers.get(name);
  const remote = api.propagation.extract(api.context.active() as never, carrier);
  return api.context.with(remote as never, action);
}
