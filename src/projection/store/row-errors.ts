import { JetsourceError } from '../../kernel/jetsource-error.js';

/** A handler returned a row that its table cannot hold. Nothing of its batch was written. */
export class InvalidRowError extends JetsourceError {
  readonly code = 'invalid-row';
  override readonly name = 'InvalidRowError';
  /** Name of the table. */
  readonly table: string;
  /** Key of the row. */
  readonly key: string;

  constructor(
    details: { readonly table: string; readonly key: string; readonly reason: string },
    options?: ErrorOptions,
  ) {
    super(`row ${details.key} cannot be written to table ${details.table}: ${details.reason}`, options);
    this.table = details.table;
    this.key = details.key;
  }
}
