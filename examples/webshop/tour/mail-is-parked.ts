import { strict as assert } from 'node:assert';
import { jetsourceCommand } from './jetsource-command.js';
import type { Tour } from './tour.js';
import { until } from './until.js';

export async function mailIsParked({ nats, shops: [shop], outside, saw }: Tour): Promise<void> {
  const parked = async (verb: string, ...parameters: string[]): Promise<string[]> => {
    const given = [verb, ...parameters, '--store', 'shop', '--servers', nats.url];
    saw(`$ npx jetsource parked ${given.join(' ')}`);
    const lines = await jetsourceCommand('parked', ...given);
    for (const line of lines) saw(`  ${line}`);
    return lines;
  };
  const count = async (): Promise<number> => (await shop.get<Health>('/health')).body.details.reactors.parked;
  assert.equal(await count(), 0);

  outside.refusals.set('nobody', Infinity);
  const { body } = await shop.place('nobody');
  await until('the mail is parked', async () => (await count()) === 1);
  saw('a mail to an address that does not exist has failed three times; its event is parked');
  const { status } = await shop.get('/health');
  assert.equal(status, 200);
  saw(`GET /health answered ${status}, with 1 parked event: the other mails go on`);
  const listed = await parked('list');
  assert.equal(listed.length, 1);
  assert.match(listed.join(), new RegExp(`order/${body.id} for confirmation, 3 attempts: .*550 no mailbox`));

  outside.refusals.delete('nobody');
  saw('the address is created, and the operator has the event delivered again');
  await parked('redrive', '--reactor', 'confirmation');
  await until('the mail is sent', () => outside.about('mail to nobody').length > 0);
  await until('nothing is parked', async () => (await count()) === 0);
  assert.deepEqual(await parked('list'), []);
  saw('the mail is sent, and nothing is parked any more');
}

interface Health {
  readonly details: { readonly reactors: { readonly parked: number } };
}
