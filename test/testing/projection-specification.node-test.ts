// Runs the cases of given/then for projections with the test runner of Node. Started by
// projection-specification.spec.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROJECTION_CASES } from './projection-specification-cases.js';

for (const { title, run, fails } of PROJECTION_CASES) {
  void test(title, async () => (fails === undefined ? run() : assert.rejects(run, { message: fails })));
}
