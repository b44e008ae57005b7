import { appendCases } from './append-cases.js';
import type { ConformanceCase } from './conformance-case.js';
import { idempotenceCases } from './idempotence-cases.js';
import { identityCases } from './identity-cases.js';
import { logReadCases } from './log-read-cases.js';
import { metadataCases } from './metadata-cases.js';
import { streamReadCases } from './stream-read-cases.js';
import { transactionCases } from './transaction-cases.js';

/**
 * What every event store does, as data: an adapter runs all of them, under any test runner, and names those it skips and why.
 *
 * @example
 * for (const { name, run } of eventStoreCases) it(name, async () => run(contextFor(store)));
 */
export const eventStoreCases: readonly ConformanceCase[] = [
  ...appendCases,
  ...identityCases,
  ...idempotenceCases,
  ...metadataCases,
  ...transactionCases,
  ...streamReadCases,
  ...logReadCases,
];
