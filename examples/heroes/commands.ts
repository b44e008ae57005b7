/** A hero fights a dragon. */
export class KillDragon {
  constructor(
    readonly heroId: string,
    readonly dragonId: string,
  ) {}
}

/** A hero gets an item. */
export class DropAncientItem {
  constructor(
    readonly heroId: string,
    readonly itemId: string,
  ) {}
}
