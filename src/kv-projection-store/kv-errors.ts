import { JetsourceError } from '../kernel/jetsource-error.js';

/**
 * The KV bucket of a read model is not there any more: the model and its checkpoints are lost. Open the store
 * again, which creates the bucket; the projection then builds its model from the beginning.
 */
export class BucketNotFoundError extends JetsourceError {
  readonly code = 'bucket-not-found';
  override readonly outcome = 'not-applied';
  override readonly name = 'BucketNotFoundError';
  /** Name of the bucket. */
  readonly bucket: string;

  constructor(details: { bucket: string }, options?: ErrorOptions) {
    super(
      `KV bucket ${details.bucket} was deleted, with the read models in it; ` +
        'open its store again to create it: models are then built from the beginning',
      options,
    );
    this.bucket = details.bucket;
  }
}
