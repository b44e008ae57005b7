import { existsSync } from 'node:fs';

import { runNats, type NatsFlags } from '../../src/cli/nats-command.js';
import { readServerInfo } from '../../src/testing/server-info.js';

interface Told {
  url: string;
  version: string;
  storeDirs: string[];
}

describe('jetsource nats', () => {
  // the first test may have to fetch the server
  it('prints one line of JSON, serves until it is stopped, and leaves nothing', async () => {
    const command = await run({ json: true });
    const told = JSON.parse(command.line) as Told;
    expect(await readServerInfo(told.url)).toEqual({ version: told.version, jetstream: true });
    await command.stop();
    await expect(readServerInfo(told.url)).rejects.toThrow('no nats-server answers');
    expect(told.storeDirs.filter((folder) => existsSync(folder))).toEqual([]);
  }, 180_000);

  it('prints a sentence for a person, with the URL to copy', async () => {
    const command = await run({});
    expect(command.line).toMatch(
      /^nats-server [\d.]+ with JetStream is ready: NATS_URL=nats:\/\/127\.0\.0\.1:\d+ /,
    );
    await command.stop();
  });

  it('starts three servers with --cluster', async () => {
    const command = await run({ cluster: true, json: true });
    const told = JSON.parse(command.line) as Told;
    expect(told.url.split(',')).toHaveLength(3);
    await command.stop();
    expect(told.storeDirs.filter((folder) => existsSync(folder))).toEqual([]);
  }, 60_000);
});

/** Runs the command until it has printed its line. */
async function run(flags: NatsFlags): Promise<{ line: string; stop(): Promise<void> }> {
  const controller = new AbortController();
  let printed: (line: string) => void = () => undefined;
  const line = new Promise<string>((resolve) => (printed = resolve));
  const ended = runNats(flags, { print: printed, note: () => undefined, signal: controller.signal });
  const stop = (): Promise<void> => {
    controller.abort();
    return ended;
  };
  return { line: await Promise.race([line, ended.then(() => 'ended')]), stop };
}
