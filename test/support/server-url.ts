import { randomBytes } from 'node:crypto';

/** The URL of the server that `globalSetup` started for the whole run. */
export function sharedServerUrl(): string {
  const url = process.env['JETSOURCE_TEST_URL'];
  if (url !== undefined) return url;
  throw new TypeError(process.env['JETSOURCE_TEST_ERROR'] ?? 'the spec runs without test/global-setup.mjs');
}

/** A store name that no other spec uses, and no earlier run on the same server. */
export function uniqueStoreName(): string {
  return `test-${randomBytes(8).toString('hex')}`;
}
