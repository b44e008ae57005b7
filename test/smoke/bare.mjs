// The package alone: none of its optional peers is there.
import { runInProject } from './project.mjs';

await runInProject('bare', []);
