/** How the repository that an aggregate comes from stores it. */
export type Save = () => Promise<unknown>;

const savers = new WeakMap<object, Save>();

/** Notes how an aggregate is stored, for what has the instance and not its repository. */
export function savedBy(aggregate: object, save: Save): void {
  savers.set(aggregate, save);
}

/** How the repository stores an aggregate that it has loaded; undefined for one of no repository. */
export function saverOf(aggregate: object): Save | undefined {
  return savers.get(aggregate);
}
