import { lastValueFrom } from 'rxjs';
import { deadLettersCommand } from '../../src/cli/dead-letters-command.js';
import { rejection, until } from '../support/collect.js';
import { sharedServerUrl } from '../support/server-url.js';
import { raw } from '../transport/consumer-state.js';
import { openClient, uniqueStream } from '../transport/shared-client.js';
import { deadLetters, listener, startService } from '../transport/shared-service.js';

/** What the command prints. */
async function run(...args: string[]): Promise<string[]> {
  const lines: string[] = [];
  const command = deadLettersCommand((line) => lines.push(line));
  for (const each of [command, ...command.commands])
    each.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args, '--servers', sharedServerUrl()], { from: 'user' });
  return lines;
}

/** A service whose handlers fail until it is repaired. */
async function startBroken(): Promise<{ name: string; repair: () => void; handled: unknown[] }> {
  const streamConfig = uniqueStream();
  const { name } = streamConfig;
  const handled: unknown[] = [];
  let isBroken = true;
  const handle = (payload: unknown): void => {
    if (isBroken) throw new TypeError('the printer is on fire');
    handled.push(payload);
  };
  await startService(name, [listener(`${name}.a`, handle), listener(`${name}.b`, handle)], {
    streamConfig,
    consumerOptions: { maxDeliver: 1 },
  });
  const client = openClient();
  await lastValueFrom(client.emit(`${name}.a`, { text: 'größe' }));
  await lastValueFrom(client.emit(`${name}.b`, 2));
  await deadLetters(name, 2);
  return { name, repair: () => (isBroken = false), handled };
}

describe('jetsource dead-letters', () => {
  it('lists dead letters, oldest first, as text or as JSON', async () => {
    const { name } = await startBroken();
    const lines = await run('list', '--service', name);
    expect(lines).toHaveLength(2);
    expect(lines.toSorted()[0]).toMatch(
      new RegExp(
        `^1  20.*Z  ${name}\\.[ab] \\(${name} [12]\\) for .*, 1 attempts: TypeError: the printer is on fire$`,
      ),
    );
    const json = await run(
      'list',
      '--stream',
      `${name}-dead-letters`,
      '--consumer',
      `${name}-${name}_b`,
      '--json',
    );
    expect(json.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({
        subject: `${name}.b`,
        stream: name,
        attempts: 1,
        error: expect.objectContaining({ name: 'TypeError', stack: expect.stringContaining('at ') }),
      }),
    ]);
  });

  it('shows a dead letter with headers, body and stack', async () => {
    const { name } = await startBroken();
    const [letter] = (await run('list', '--service', name, '--consumer', `${name}-${name}_a`, '--json')).map(
      (line) => JSON.parse(line) as { number: number },
    );
    const wanted = String(letter?.number);
    const lines = await run('show', wanted, '--service', name);
    expect(lines.join('\n')).toContain('TypeError: the printer is on fire\n    at ');
    expect(lines.join('\n')).toMatch(/^Original-Nats-Msg-Id: [\w-]+$/m);
    expect(lines.at(-1)).toBe('{"text":"größe"}');
    const [json = ''] = await run('show', wanted, '--service', name, '--json');
    expect(JSON.parse(json)).toMatchObject({
      text: '{"text":"größe"}',
      headers: { 'Dead-Letter-Attempts': ['1'] },
    });
  });

  it('redrives those of one handler, or those with the given numbers', async () => {
    const { name, repair, handled } = await startBroken();
    repair();
    expect(await run('redrive', '--all', '--consumer', `${name}-${name}_b`, '--service', name)).toEqual([
      expect.stringMatching(/^redriven: \d+ /),
    ]);
    await until('it is handled', () => handled.length === 1);
    expect(handled).toEqual([2]);
    const [left = ''] = await run('list', '--service', name, '--json');
    const { number } = JSON.parse(left) as { number: number };
    const [told = ''] = await run('redrive', String(number), '--service', name, '--json');
    expect(JSON.parse(told)).toMatchObject({ number, redriven: true });
    await until('the other is handled', () => handled.length === 2);
    await until('none is left', async () => (await raw.messageCount(`${name}-dead-letters`)) === 0);
  });

  it('removes dead letters', async () => {
    const { name, handled } = await startBroken();
    expect(await run('remove', '1', '2', '--service', name)).toEqual([
      expect.stringMatching(/^removed: 1 /),
      expect.stringMatching(/^removed: 2 /),
    ]);
    expect(await raw.messageCount(`${name}-dead-letters`)).toBe(0);
    expect(handled).toEqual([]);
  });

  it.each<[string, string[], string]>([
    ['an unknown number', ['show', '77'], 'dead-letter-not-found'],
    ['no numbers', ['redrive'], 'invalid-option'],
    ['numbers together with --all', ['remove', '1', '--all'], 'invalid-option'],
    ['a text that is not a number', ['remove', 'x'], 'commander.invalidArgument'],
  ])('rejects %s, and changes nothing', async (_, args, code) => {
    const { name } = await startBroken();
    expect(await rejection(run(...args, '--service', name))).toMatchObject({ code });
    expect(await raw.messageCount(`${name}-dead-letters`)).toBe(2);
  });

  it('needs an existing service or stream', async () => {
    expect(await rejection(run('list'))).toMatchObject({ code: 'invalid-option' });
    expect(await rejection(run('list', '--service', 'nobody'))).toMatchObject({
      code: 'dead-letter-not-found',
      message: expect.stringContaining('nobody-dead-letters'),
    });
    expect(await rejection(run('list', '--stream', 'a b'))).toMatchObject({ code: 'invalid-option' });
  });
});
