import { strict as assert } from 'node:assert';
import type { Tour } from './tour.js';
import { until } from './until.js';

export async function mailIsSentLater({ shops: [shop], outside, saw }: Tour): Promise<void> {
  outside.refusals.set('ivy', 2);
  const { status, body } = await shop.place('ivy');
  assert.equal(status, 201);
  saw(`the mail server refuses two mails; POST /orders answered ${status}, it does not wait for mails`);

  const mails = (): string[] => outside.about('mail to ivy');
  await until('the mail is sent', () => mails().length > 0);
  assert.deepEqual(mails(), [`mail to ivy: your order is ${body.id}`]);
  assert.equal(outside.refusals.get('ivy'), 0);
  saw('two attempts failed, the third one has sent the mail, once, by one of the two instances');
}
