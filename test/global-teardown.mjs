export default async function globalTeardown() {
  await globalThis.sharedNatsServer?.stop();
}
