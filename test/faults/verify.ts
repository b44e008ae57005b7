import type { EventStore } from '../../src/event-store/event-store.js';
import { Counted } from '../support/order-events.js';
import type { Ledger } from './ledger.js';

/** Descriptions of what is wrong with the log; empty if all guarantees hold. */
export async function verify(store: EventStore, ledger: Ledger): Promise<string[]> {
  const faults: string[] = [];
  const stored = new Map<number, number>();
  const versions = new Map<string, number>();
  const parts = new Map<string, { of: number; seen: number }>();
  for await (const { stream, version, data, metadata, position } of store.readAll()) {
    const { n } = data as Counted;
    if (stored.has(n)) faults.push(`event ${n} is stored twice, again at ${position}`);
    stored.set(n, version);
    const expected = (versions.get(stream.id) ?? 0) + 1;
    if (version !== expected)
      faults.push(`${stream.toString()}: version ${version} found, ${expected} expected`);
    versions.set(stream.id, version);
    const part = metadata['transaction'] as { id: string; of: number } | undefined;
    if (part !== undefined) parts.set(part.id, { of: part.of, seen: (parts.get(part.id)?.seen ?? 0) + 1 });
  }
  for (const [n, told] of ledger.told) {
    const version = stored.get(n);
    if (told.kind === 'acknowledged' && version === undefined) faults.push(`acknowledged event ${n} is lost`);
    if (told.kind === 'acknowledged' && version !== undefined && version !== told.version) {
      faults.push(`event ${n} was acknowledged as version ${told.version} and is version ${version}`);
    }
    if (told.kind === 'not-applied' && version !== undefined)
      faults.push(`event ${n} is stored, but its append failed with not-applied`);
  }
  for (const [id, { of, seen }] of parts)
    if (seen !== of) faults.push(`transaction ${id} is partial: ${seen} of ${of}`);
  return faults;
}
