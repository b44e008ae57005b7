import { JetsourceError } from '../kernel/jetsource-error.js';
import type { ModelId } from '../projection/store/model-id.js';

/** The package of a database driver is not installed. Nothing was sent. Install it, and start again. */
export class DriverNotInstalledError extends JetsourceError {
  readonly code = 'driver-not-installed';
  override readonly outcome = 'not-applied';
  override readonly name = 'DriverNotInstalledError';
  /** Name of the package, such as `pg`. */
  readonly driver: string;

  constructor(details: { readonly driver: string }, options?: ErrorOptions) {
    const { driver } = details;
    super(`the package ${driver} cannot be loaded; install it (npm install ${driver})`, options);
    this.driver = driver;
  }
}

/**
 * The database rolled a transaction back instead of committing it, since a statement in it had failed. Nothing
 * of it was written. The usual cause is a handler that caught the error of a statement.
 */
export class TransactionRolledBackError extends JetsourceError {
  readonly code = 'transaction-rolled-back';
  override readonly outcome = 'not-applied';
  override readonly name = 'TransactionRolledBackError';

  constructor(_details: object = {}, options?: ErrorOptions) {
    super('the transaction was rolled back: a statement in it had failed, and its error was caught', options);
  }
}

/**
 * A model cannot be created, or readers cannot be given their views of it: the name is taken by something
 * that is not of this projection. Nothing was changed. Rename or drop what has the name, or rename the table
 * of the projection.
 */
export class NameTakenError extends JetsourceError {
  readonly code = 'name-taken';
  override readonly outcome = 'not-applied';
  override readonly name = 'NameTakenError';
  /** Name of the projection. */
  readonly projection: string;
  /** The name, with its schema where it is in one: `public.orders`. */
  readonly taken: string;
  /** What has the name, such as `a table`. */
  readonly by: string;

  constructor(
    details: { readonly projection: string; readonly taken: string; readonly by: string },
    options?: ErrorOptions,
  ) {
    const { projection, taken, by } = details;
    super(
      `projection ${projection} needs the name ${taken}, which ${by} has; rename or drop that, ` +
        'or keep the tables where they are by postgresProjectionStore(…, { schemas: false })',
      options,
    );
    this.projection = projection;
    this.taken = taken;
    this.by = by;
  }
}

/**
 * Readers cannot be given the columns of another model: objects of your own depend on the view that they use, so
 * it cannot be created again. Nothing was changed; readers see the model that they saw before. Drop what depends
 * on the view, start the projection again, and create it again then.
 */
export class ViewInUseError extends JetsourceError {
  readonly code = 'view-in-use';
  override readonly outcome = 'not-applied';
  override readonly name = 'ViewInUseError';
  /** Name of the projection. */
  readonly projection: string;
  /** The view, with its schema: `public.orders`. */
  readonly view: string;
  /** What depends on it, such as `view public.report`. */
  readonly dependents: readonly string[];

  constructor(
    details: { readonly projection: string; readonly view: string; readonly dependents: readonly string[] },
    options?: ErrorOptions,
  ) {
    const { projection, view, dependents } = details;
    super(
      `readers cannot be given other columns of projection ${projection}: ${dependents.join(', ')} ` +
        `${dependents.length === 1 ? 'depends' : 'depend'} on the view ${view}; drop what depends on it, ` +
        'start the projection again, and create it again when the new version is served',
      options,
    );
    this.projection = projection;
    this.view = view;
    this.dependents = dependents;
  }
}

/**
 * A model does not stand in the database: it was never created there, or was dropped meanwhile. Nothing was
 * written.
 */
export class ModelNotFoundError extends JetsourceError {
  readonly code = 'model-not-found';
  override readonly outcome = 'not-applied';
  override readonly name = 'ModelNotFoundError';
  /** Name of the projection. */
  readonly projection: string;
  /** Version of the projection. */
  readonly version: number;
  /** Build of the version. */
  readonly build: number;

  constructor({ projection, version, build }: ModelId, options?: ErrorOptions) {
    super(
      `build ${build} of projection ${projection} (version ${version}) is not in the database: ` +
        'it was not created, or was dropped',
      options,
    );
    this.projection = projection;
    this.version = version;
    this.build = build;
  }
}
