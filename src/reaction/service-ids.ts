/**
 * The id of something that belongs to one of the services of a store, such as a timer: others may have something of
 * the same name.
 */
export function serviceId(service: string, id: string): string {
  return `${prefixOf(service)}${id}`;
}

/** The id within the service; undefined for what belongs to another one. */
export function idWithin(service: string, given: string): string | undefined {
  const prefix = prefixOf(service);
  return given.startsWith(prefix) ? given.slice(prefix.length) : undefined;
}

/** No service begins like another one: a slash ends it, and is encoded within. */
function prefixOf(service: string): string {
  return `${encodeURIComponent(service)}/`;
}
