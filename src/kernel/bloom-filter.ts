import { InvalidOptionError } from './invalid-option-error.js';

/** Texts that the first layer holds. */
const FIRST_CAPACITY = 256;
/**
 * 16 bits and 11 probes give a full layer 0.05 % of false positives; those of 100,000 texts add up to less
 * than 1 %.
 */
const BYTES_PER_TEXT = 2;
const PROBES = 11;

/** A Bloom filter as JSON: the bits of its layers in base64. */
export interface BloomFilterJson {
  readonly size: number;
  readonly layers: readonly string[];
}

/**
 * A set of texts that never forgets one, and takes others for its own in less than 1 of 100 cases. It takes 2
 * to 3 bytes for each text, and grows by layers, each half as large as those before it together.
 */
export class BloomFilter {
  readonly #layers: Uint8Array[] = [];
  /** The layers that are full, encoded: they do not change any more. */
  readonly #encoded: string[] = [];
  #size = 0;
  #capacity = 0;

  /** Texts that were added. One that is added twice may count once or twice. */
  get size(): number {
    return this.#size;
  }

  /** What it takes in memory, in bytes. */
  get bytes(): number {
    return this.#capacity * BYTES_PER_TEXT;
  }

  /** Whether it may have been added; `false` is certain. */
  has(text: string): boolean {
    const hash = hashOf(text);
    return this.#layers.some((layer) => hasAll(layer, hash));
  }

  add(text: string): void {
    if (this.has(text)) return;
    if (this.#size === this.#capacity) this.#grow();
    const layer = this.#layers.at(-1) as Uint8Array;
    setAll(layer, hashOf(text));
    this.#size += 1;
  }

  toJSON(): BloomFilterJson {
    return { size: this.#size, layers: this.#layers.map((layer, index) => this.#encode(layer, index)) };
  }

  /** @throws {@link InvalidOptionError} when it is not what {@link toJSON} gave. */
  static fromJSON({ size, layers }: BloomFilterJson): BloomFilter {
    const filter = new BloomFilter();
    for (const encoded of layers) {
      const layer = new Uint8Array(Buffer.from(encoded, 'base64'));
      // a layer is begun when those before it are full
      if (filter.#capacity > 0 && filter.#capacity >= size) throw invalid(size);
      if (layer.length !== filter.#nextCapacity * BYTES_PER_TEXT) throw invalid(size);
      filter.#layers.push(layer);
      filter.#capacity += layer.length / BYTES_PER_TEXT;
    }
    if (!Number.isSafeInteger(size) || size < 0 || size > filter.#capacity) throw invalid(size);
    filter.#size = size;
    return filter;
  }

  get #nextCapacity(): number {
    return Math.max(FIRST_CAPACITY, Math.ceil(this.#capacity / 2));
  }

  #grow(): void {
    const capacity = this.#nextCapacity;
    this.#layers.push(new Uint8Array(capacity * BYTES_PER_TEXT));
    this.#capacity += capacity;
  }

  #encode(layer: Uint8Array, index: number): string {
    const known = this.#encoded[index];
    if (known !== undefined) return known;
    const encoded = Buffer.from(layer).toString('base64');
    if (index < this.#layers.length - 1) this.#encoded[index] = encoded;
    return encoded;
  }
}

/** Two hashes of 32 bits each, mixed from all characters (cyrb53). They are part of stored snapshots. */
function hashOf(text: string): readonly [number, number] {
  let one = 0xdeadbeef;
  let two = 0x41c6ce57;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    one = Math.imul(one ^ code, 2_654_435_761);
    two = Math.imul(two ^ code, 1_597_334_677);
  }
  one = Math.imul(one ^ (one >>> 16), 2_246_822_507) ^ Math.imul(two ^ (two >>> 13), 3_266_489_909);
  two = Math.imul(two ^ (two >>> 16), 2_246_822_507) ^ Math.imul(one ^ (one >>> 13), 3_266_489_909);
  // an odd step visits many bits
  return [one >>> 0, (two | 1) >>> 0];
}

function hasAll(layer: Uint8Array, [first, step]: readonly [number, number]): boolean {
  const bits = layer.length * 8;
  for (let probe = 0; probe < PROBES; probe += 1) {
    const bit = ((first + Math.imul(probe, step)) >>> 0) % bits;
    if (((layer[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

function setAll(layer: Uint8Array, [first, step]: readonly [number, number]): void {
  const bits = layer.length * 8;
  for (let probe = 0; probe < PROBES; probe += 1) {
    const bit = ((first + Math.imul(probe, step)) >>> 0) % bits;
    layer[bit >>> 3] = (layer[bit >>> 3] as number) | (1 << (bit & 7));
  }
}

function invalid(size: unknown): InvalidOptionError {
  return new InvalidOptionError({ option: 'size', given: size, allowed: 'that of the layers' });
}
