// Runs the cases of given/when/then for process managers with the test runner of Node. Started by process-specification.spec.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROCESS_CASES } from './process-specification-cases.js';

for (const { title, run, fails } of PROCESS_CASES) {
  void test(title, async () => (fails === undefined ? run() : assert.rejects(run, { message: fails })));
}
