import { runCases } from './run-cases.js';
import { PROJECTION_CASES } from './projection-specification-cases.js';

runCases('given events, then a model', PROJECTION_CASES, 'projection-specification.node-test.ts');
