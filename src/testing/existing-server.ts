import type { ExistingNatsServer } from './nats-server-source.js';
import type { NatsServerStep, StepContext, StepResult } from './nats-server-step.js';
import { isNewEnough, MINIMUM_VERSION } from './nats-server-version.js';
import { readServerInfo } from './server-info.js';

/** Step 1: the server that `NATS_URL` names (the first one, if it is a list). */
export const existingServerStep: NatsServerStep<ExistingNatsServer> = { name: 'NATS_URL', slow: false, run };

async function run({ env, signal }: StepContext): Promise<StepResult<ExistingNatsServer>> {
  const url = env['NATS_URL'];
  if (!url) return { reason: 'not set' };
  const first = url.split(',')[0]?.trim() ?? '';
  const info = await readServerInfo(first, { signal }).catch((error: Error) => error.message);
  if (typeof info === 'string') return { reason: info, named: 'stop' };
  if (!isNewEnough(info.version)) {
    const reason = `the server is version ${info.version}, but ${MINIMUM_VERSION} or later is needed`;
    return { reason, named: 'stop' };
  }
  if (!info.jetstream)
    return { reason: 'the server runs without JetStream (start it with -js)', named: 'stop' };
  return { found: { kind: 'url', url, version: info.version } };
}
