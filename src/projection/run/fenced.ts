/**
 * Another owner has taken the checkpoint over. The run has written nothing since, and ends. Callers never see it:
 * whoever has the lease claims the checkpoint again.
 */
export class Fenced extends Error {
  override readonly name = 'Fenced';

  constructor() {
    super('another owner has taken the checkpoint over');
  }
}
