// An instance of a service that runs tallies until it is killed, or its standard input ends. Argument: settings as
// JSON. It prints a line of JSON for each change of its status, and for each error.
import { connectEventStore, Projections } from '../../src/index.js';
import { nodePostgres, postgresProjectionStore } from '../../src/postgres.js';
import { ORDER_EVENTS } from '../support/order-events.js';
import { tallyProjection } from './tallies.js';
import type { TallySettings } from './tally-process.js';

const settings = JSON.parse(process.argv[2] ?? '') as TallySettings;
const { servers, name, member, tallies, freezeAt, killAt } = settings;
process.stdin.resume().on('end', () => process.exit(1));
const say = (line: object): void => console.log(JSON.stringify(line));

const store = await connectEventStore({ servers, name, events: ORDER_EVENTS });
const models = postgresProjectionStore(nodePostgres(settings.database), {
  idleTransactionMs: settings.idleTransactionMs,
});
let calls = 0;
const before = (n: number): void => {
  calls += 1;
  if (n === freezeAt || calls === killAt) say({ reached: n });
  if (n === freezeAt) process.kill(process.pid, 'SIGSTOP');
  if (calls === killAt) process.kill(process.pid, 'SIGKILL');
};
const definitions = tallies.map((tally) => tallyProjection(tally, { store: models, member, before }));
const projections = new Projections(store, definitions, {
  onError: (error, { name: projection }) => say({ projection, error: error.message }),
});

let last = '';
setInterval(() => {
  const status = projections.status().map(({ name: projection, state, lanes, error, isServing }) => ({
    name: projection,
    state,
    isServing,
    error: error?.message,
    owned: lanes.filter(({ owner }) => owner?.isOwn === true).map(({ lane }) => lane),
  }));
  const text = JSON.stringify({ status, calls });
  if (text === last) return;
  last = text;
  say({ status, calls });
}, 20);

await projections.start();
