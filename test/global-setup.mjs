import { register } from 'node:module';

/** Starts the one nats-server that all specs share. Without one, only the specs that ask for it fail. */
export default async function globalSetup() {
  // what specs start for the whole run ends with this process
  process.env.JETSOURCE_TEST_RUNNER = String(process.pid);
  register('./support/typescript-loader.mjs', import.meta.url);
  const { startNatsServer } = await import('../src/testing/start-nats-server.ts');
  try {
    const server = await startNatsServer();
    globalThis.sharedNatsServer = server;
    process.env.JETSOURCE_TEST_URL = server.url;
  } catch (error) {
    process.env.JETSOURCE_TEST_ERROR = error.message;
  }
}
