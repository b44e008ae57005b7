import { runCases } from './run-cases.js';
import { SPECIFICATION_CASES } from './specification-cases.js';

runCases('given, when, then', SPECIFICATION_CASES, 'specification.node-test.ts');
