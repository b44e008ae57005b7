import { runCases } from './run-cases.js';
import { PROCESS_CASES } from './process-specification-cases.js';

runCases('given, when, then of process managers', PROCESS_CASES, 'process-specification.node-test.ts');
