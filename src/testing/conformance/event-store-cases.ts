import { appendCases } from './append-cases.js';
import { commandIdReuseCases } from './command-id-reuse-cases.js';
import type { ConformanceCase } from './conformance-case.js';
import { idempotenceCases } from './idempotence-cases.js';
import { identityCases } from './identity-cases.js';
import { logReadCases } from './log-read-cases.js';
import { notificationCases } from './notification-cases.js';
import { ownStreamCases } from './own-stream-cases.js';
import { readStartCases } from './read-start-cases.js';
import { metadataCases } from './metadata-cases.js';
import { streamReadCases } from './stream-read-cases.js';
import { transactionCases } from './transaction-cases.js';

/**
 * The conformance cases of event stores, for any test runner. Run all of them on an implementation of
 * `EventStore`, and skip by name, with a reason, what it cannot support.
 *
 * @example
 * for (const { name, run } of eventStoreCases) it(name, async () => run(conformanceContext(store, open)));
 */
export const eventStoreCases: readonly ConformanceCase[] = [
  ...appendCases,
  ...identityCases,
  ...idempotenceCases,
  ...commandIdReuseCases,
  ...metadataCases,
  ...transactionCases,
  ...streamReadCases,
  ...logReadCases,
  ...readStartCases,
  ...ownStreamCases,
  ...notificationCases,
];
