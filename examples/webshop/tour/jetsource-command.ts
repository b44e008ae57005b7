import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const PROGRAM = fileURLToPath(new URL('./cli/main.js', import.meta.resolve('jetsource')));

/** Runs `npx jetsource …`, as an operator would. @returns the lines that it prints */
export async function jetsourceCommand(...parameters: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, ...parameters]);
  return stdout.split('\n').filter((line) => line !== '');
}
