import type { MsgHdrs } from '@nats-io/transport-node';

/**
 * The part of `@opentelemetry/api` that the transport uses. It is an option, so jetsource does not depend on
 * the package.
 */
export interface OpenTelemetryApi {
  /** The context API. */
  readonly context: {
    /** The active context. */
    active(): unknown;
    /** Runs an action in a context. */
    with<T>(context: never, action: () => T): T;
  };
  /** The propagation API. */
  readonly propagation: {
    /** Writes a context into headers. */
    inject(context: never, carrier: Record<string, string>): void;
    /** Reads a context from headers. */
    extract(context: never, carrier: Record<string, string>): unknown;
  };
}

/** Headers that carry the active context, such as `traceparent`; none without OpenTelemetry. */
export function contextHeaders(api: OpenTelemetryApi | undefined): Record<string, string> {
  const carrier: Record<string, string> = {};
  api?.propagation.inject(api.context.active() as never, carrier);
  return carrier;
}

/** Runs an action in the context that a message's headers carry. */
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
