/** Initializes a serializer or deserializer, which may load what it needs in Nest 12. */
export async function initializeCodec(codec: object): Promise<void> {
  if ('init' in codec && typeof codec.init === 'function') await codec.init();
}
