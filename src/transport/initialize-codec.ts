/** Nest 12 lets serializers and deserializers load what they need before they are used. */
export async function initializeCodec(codec: object): Promise<void> {
  if ('init' in codec && typeof codec.init === 'function') await codec.init();
}
