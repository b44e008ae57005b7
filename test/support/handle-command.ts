// A program that handles commands on an account, for tests with two processes. Arguments: url, store,
// account, prefix of the command ids.
import { repository } from '../../src/aggregate/repository.js';
import { connectEventStore } from '../../src/event-store/connect-event-store.js';
import { account, ACCOUNT_EVENTS } from '../aggregate/account.js';

const [servers, name, id, prefix] = process.argv.slice(2) as [string, string, string, string];
const store = await connectEventStore({ servers, name, events: ACCOUNT_EVENTS });
const accounts = repository(store, account, { category: 'account', retries: 50 });
// both processes wait for the same input, so that they start at the same time
process.stdout.write('ready\n');
await new Promise((resolve) => process.stdin.once('data', resolve));
const results = [];
for (let command = 0; command < 50; command += 1) {
  results.push(
    await accounts.handle(id, { type: 'deposit', amount: command }, { commandId: `${prefix}-${command}` }),
  );
}
await store.close();
process.stdout.write(`${JSON.stringify(results)}\n`);
process.stdin.unref();
