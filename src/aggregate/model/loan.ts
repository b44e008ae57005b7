import { AsyncLocalStorage } from 'node:async_hooks';

const current = new AsyncLocalStorage<Loan>();

/** The loan that an instance is part of at the moment. */
const lenders = new WeakMap<object, Loan>();

/**
 * What was lent to one decision, or to one unit of work, until it returned. Code that it has left running (a
 * forgotten `await`) is told from the next decision by its asynchronous context, also when both have the same
 * instance.
 */
export class Loan {
  readonly #outer = activeLoan();
  readonly #lent = new WeakSet<object>();
  #isOver = false;

  /** Whether an instance is lent to a decision that has not returned. */
  static has(aggregate: object): boolean {
    const loan = lenders.get(aggregate);
    return loan !== undefined && !loan.#isOver;
  }

  /** Whether the running code was lent that instance by a decision that has returned since. */
  static isOverFor(aggregate: object): boolean {
    let wasLent = false;
    for (let loan = current.getStore(); loan !== undefined; loan = loan.#outer) {
      if (!loan.#lent.has(aggregate)) continue;
      if (!loan.#isOver) return false;
      wasLent = true;
    }
    return wasLent;
  }

  /** The loan inside of which this one was made. */
  get outer(): Loan | undefined {
    return this.#outer;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  lend(aggregate: object): void {
    this.#lent.add(aggregate);
    lenders.set(aggregate, this);
  }

  /** Runs the code that the instances are lent to. */
  run<T>(work: () => T): T {
    return current.run(this, work);
  }

  /** Takes everything back. */
  end(): void {
    this.#isOver = true;
  }
}

/**
 * The loan of the running code. Those that are over are passed by, so that a chain of them is not kept for
 * ever.
 */
function activeLoan(): Loan | undefined {
  let loan = current.getStore();
  while (loan?.isOver === true) loan = loan.outer;
  return loan;
}
