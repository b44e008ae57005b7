// Tests the package without its optional peers.
import { runInProject } from './project.mjs';

await runInProject('bare', []);
