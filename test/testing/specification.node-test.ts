// Runs the cases of given/when/then with the test runner of Node. Started by specification.spec.ts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SPECIFICATION_CASES } from './specification-cases.js';

for (const { title, run, fails } of SPECIFICATION_CASES) {
  void test(title, async () => (fails === undefined ? run() : assert.rejects(run, { message: fails })));
}
