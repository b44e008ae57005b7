import type { Decider } from '../../src/aggregate/model/decider.js';
import { Event } from '../../src/event/event-type.js';

@Event('AccountOpened')
export class AccountOpened {
  constructor(readonly owner: string) {}
}

@Event('MoneyDeposited')
export class MoneyDeposited {
  constructor(readonly amount: number) {}
}

@Event('MoneyWithdrawn')
export class MoneyWithdrawn {
  constructor(readonly amount: number) {}
}

export const ACCOUNT_EVENTS = [AccountOpened, MoneyDeposited, MoneyWithdrawn];

export type AccountEvent = AccountOpened | MoneyDeposited | MoneyWithdrawn;

export type AccountCommand =
  | { readonly type: 'open'; readonly owner: string }
  | { readonly type: 'deposit'; readonly amount: number }
  | { readonly type: 'withdraw'; readonly amount: number };

export interface AccountState {
  readonly owner: string | undefined;
  readonly balance: number;
}

/** What a refusal is thrown as. */
export class OverdrawnError extends Error {}

/** An account that cannot be overdrawn; opening it twice for one owner changes nothing. */
export const account: Decider<AccountCommand, AccountEvent, AccountState> = {
  initialState: { owner: undefined, balance: 0 },
  decide(command, { owner, balance }) {
    if (command.type === 'open') return owner === command.owner ? [] : new AccountOpened(command.owner);
    if (command.type === 'deposit') return new MoneyDeposited(command.amount);
    if (command.amount > balance) throw new OverdrawnError(`${command.amount} is more than ${balance}`);
    return [new MoneyWithdrawn(command.amount)];
  },
  evolve(state, event) {
    if (event instanceof AccountOpened) return { ...state, owner: event.owner };
    const change = event instanceof MoneyDeposited ? event.amount : -event.amount;
    return { ...state, balance: state.balance + change };
  },
};
