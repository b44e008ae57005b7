import { readFile } from 'node:fs/promises';
import { storedStream } from '../../src/event/stream-name.js';
import { TIMER_SCHEDULED } from '../../src/event/own-event-types.js';
import { openTimers } from '../../src/reaction/timers/open-timers.js';
import { openStore } from '../shared-server.js';
import { until } from '../support/collect.js';
import { startConfigured } from './configured-server.js';

it('the permissions of docs/timers.md let a user schedule, cancel, carry out and repair timers', async () => {
  const page = await readFile(new URL('../../docs/timers.md', import.meta.url), 'utf8');
  const [, config = ''] = /^```conf\n(.*?)^```/ms.exec(page) ?? [];
  const server = await startConfigured(config, {
    ADMIN_PASSWORD: 'admin-secret',
    TIMERS_PASSWORD: 'timers-secret',
  });
  // the store must exist before the user connects
  await openStore({ servers: server.url, name: 'shop', user: 'admin', pass: 'admin-secret' });
  const user = { user: 'timers', pass: 'timers-secret', inboxPrefix: '_INBOX_timers' };
  const store = await openStore({ servers: server.url, name: 'shop', ...user, onWarning: () => undefined });
  const command = { name: 'X', data: {} };
  await store.append(storedStream('$timer', 'repaired'), [
    TIMER_SCHEDULED.create({ command, at: new Date().toISOString() }),
  ]);
  const ids: string[] = [];
  await using timers = await openTimers(store, { onDue: ({ id }) => ids.push(id) });
  await timers.start();
  await timers.schedule(command, { in: '1h', id: 'cancelled' });
  expect(await timers.cancel('cancelled')).toBe(true);
  await timers.schedule(command, { in: '1h', id: 'a' });
  await timers.schedule(command, { in: 0, id: 'a' });
  await until('both are carried out', async () => ids.length >= 2 && (await timers.find('a')) === undefined);
  await until('its record', async () => (await timers.find('repaired')) === undefined);
  expect(ids.toSorted()).toEqual(['a', 'repaired']);
  expect(timers.status).toEqual({ state: 'running', problem: undefined, sweepProblem: undefined });
}, 60_000);
