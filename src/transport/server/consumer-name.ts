import type { ConsumerInfo } from '@nats-io/jetstream';
import { ConsumerSettingsError } from '../../jetstream/consume/consumer-errors.js';
import { type ConsumerIdentity, identityOf } from '../../jetstream/consume/consumer-identity.js';
import { covers } from '../../jetstream/names/subject-pattern.js';
import { InvalidOptionError } from '../../kernel/invalid-option-error.js';
import { durableName, qualifiedDurableName } from '../../reaction/consumer/durable-name.js';
import { formerDurableName } from '../../reaction/consumer/former-durable-name.js';
import { isLegacyDurable, legacyDurableName } from '../legacy/legacy-durable.js';
import { type EventSubscription, labelOf } from './event-subscription.js';

/** What a server takes for the name of a consumer. */
const VALID = /^[^\s.*>/\\]+$/;
/** Places of handlers of one pattern whose durables of an earlier version are found. */
const FORMER_PLACES = 9;

/** Where a durable consumer is named. */
export interface ConsumerNameScope {
  /** The JetStream stream of the consumer. */
  readonly stream: string;
  /** What the consumer is to deliver of it. */
  readonly filter: string;
  /** Settings and state of a consumer of the stream; undefined for none, and where the user may not look. */
  readonly find: (consumer: string) => Promise<ConsumerInfo | undefined>;
}

/** The durable consumer of a handler. */
export interface NamedDurable {
  readonly name: string;
  /** What an operator should know of the choice; undefined where nothing has changed. */
  readonly notice?: string | undefined;
  /** Where it starts if it is created: after the events that another durable has delivered to the handler. */
  readonly startSequence?: number | undefined;
}

/**
 * The durable consumer of a handler: the one that it had, whatever its name, or else a new one.
 *
 * @throws {@link InvalidOptionError} when neither the service nor the durable has a name.
 * @throws {@link ConsumerSettingsError} when the consumer that the user named is at work for another service.
 */
export async function consumerName(
  scope: ConsumerNameScope,
  subscription: EventSubscription,
): Promise<NamedDurable> {
  const { ownName, owner, settings } = subscription;
  if (ownName !== undefined)
    return settings.bind ? { name: ownName } : claimOwn(scope, subscription, ownName);
  if (owner === undefined) {
    throw new InvalidOptionError({
      option: 'connectionOptions.name',
      given: owner,
      allowed:
        'the name of the service, for its durable consumers; or give consumerOptions.durable a name, or false',
    });
  }
  return new DurableSearch(scope, subscription, owner).find();
}

/** A name that the user gave is taken, unless the consumer is at work for another service's pattern. */
async function claimOwn(
  { stream, filter, find }: ConsumerNameScope,
  { owner, pattern }: EventSubscription,
  name: string,
): Promise<NamedDurable> {
  const found = await find(name);
  if (found === undefined) return { name };
  const identity = identityOf(found.config);
  const { filter_subject: before } = found.config;
  const isOther = identity === undefined ? before !== filter : identity.pattern !== pattern;
  const isShared = identity?.service !== undefined && identity.service !== owner;
  if (isOther && isShared) {
    const reason = `it ${ownerOf(found)}, and was left as it is: give the handler of ${pattern} another durable`;
    throw new ConsumerSettingsError({ stream, consumer: name, reason });
  }
  if (isShared)
    return {
      name,
      notice: `consumer ${name} is also that of service ${identity.service}: each gets a part of the events`,
    };
  if (!isOther) return { name };
  const notice = `consumer ${name} was that of ${identity?.pattern ?? before}, and is now that of ${pattern}: it goes on after what it has delivered, so earlier events of ${pattern} are not delivered; another name starts a new one`;
  return { name, notice };
}

/** A consumer that may be the handler's, and its settings. */
interface Candidate {
  readonly name: string;
  readonly info: ConsumerInfo;
}

/** Finds the durable of a handler among those of the names that it may have. */
class DurableSearch {
  readonly #scope: ConsumerNameScope;
  readonly #subscription: EventSubscription;
  readonly #owner: string;
  /** The name without the handler, of the only handler of a pattern. */
  readonly #plain: string;
  /** The name with the handler; undefined where nothing tells the handler from others. */
  readonly #qualified: string | undefined;
  /** The name of the only handler of a pattern where {@link #plain} is another handler's. */
  readonly #separate: string;
  /** Settings by name: each is looked up once. */
  readonly #infos = new Map<string, Promise<ConsumerInfo | undefined>>();

  constructor(scope: ConsumerNameScope, subscription: EventSubscription, owner: string) {
    this.#scope = scope;
    this.#subscription = subscription;
    this.#owner = owner;
    const { pattern } = subscription;
    const handler = labelOf(subscription);
    this.#plain = durableName({ service: owner, label: pattern });
    this.#qualified = handler && qualifiedDurableName({ service: owner, label: pattern, handler });
    this.#separate = qualifiedDurableName({ service: owner, label: pattern, handler: '' });
  }

  async find(): Promise<NamedDurable> {
    return (await this.#known()) ?? (await this.#former()) ?? (await this.#inherited()) ?? this.#created();
  }

  get #isOnly(): boolean {
    return this.#subscription.siblings.length === 0;
  }

  /** One that is named or marked as this handler's. */
  async #known(): Promise<NamedDurable | undefined> {
    if (this.#qualified !== undefined && (await this.#look(this.#qualified)) !== undefined)
      return { name: this.#qualified };
    const later = Array.from({ length: FORMER_PLACES - 1 }, (_, index) => this.#formerNames(index + 1));
    // the handler's place may have been another one when its durable was marked
    for (const names of [
      [this.#plain, ...this.#formerNames(0)],
      [this.#separate, ...later.flat()],
    ]) {
      const all = await this.#candidates(names);
      const own = all.find(({ info }) => this.#isMarkedAsOwn(identityOf(info.config)));
      if (own !== undefined) return { name: own.name };
    }
    return undefined;
  }

  #isMarkedAsOwn(identity: ConsumerIdentity | undefined): boolean {
    if (!this.#isOfPattern(identity)) return false;
    const { name, method, siblings } = this.#subscription;
    const label = labelOf(this.#subscription);
    // without class and method there is one handler at most that has no name
    if (label === undefined) return siblings.every((sibling) => labelOf(sibling) !== identity.handler);
    if (identity.handler === undefined) return name === undefined;
    return identity.handler === label || (method !== undefined && identity.method === method);
  }

  #isOfPattern(identity: ConsumerIdentity | undefined): identity is ConsumerIdentity {
    return identity?.service === this.#owner && identity.pattern === this.#subscription.pattern;
  }

  /** One that an earlier version or the older transport made, which did not mark them. */
  async #former(): Promise<NamedDurable | undefined> {
    const { pattern } = this.#subscription;
    const place = await this.#formerPlace();
    const names = place === undefined ? [] : this.#formerNames(place);
    const [former] = await this.#unmarked(names);
    if (former === undefined) return undefined;
    const { name } = former;
    const [second] = await this.#unmarked(this.#formerNames(1));
    if (this.#isOnly && second === undefined) return { name };
    const notice = `consumer ${name} of ${pattern} is continued by ${this.#describe()}, by its place among the handlers of ${pattern}, which an earlier version named consumers after; from now on they are found by name. If the handlers have changed places since, give them their consumers: { consumer: { durable: '${name}' } }`;
    return { name, notice };
  }

  /**
   * The place that the handler had for earlier versions; undefined for a handler that is new since. Where there
   * was one durable, it was that of the handler that needs no name, or of the first.
   */
  async #formerPlace(): Promise<number | undefined> {
    const { name, place, siblings } = this.#subscription;
    if (this.#isOnly) return 0;
    if ((await this.#unmarked(this.#formerNames(1))).length > 0) return place;
    const unnamed = [this.#subscription, ...siblings].filter((handler) => handler.name === undefined);
    const isHeir = unnamed.length === 1 ? name === undefined : place === 0;
    return isHeir ? 0 : undefined;
  }

  #formerNames(place: number): string[] {
    const { pattern } = this.#subscription;
    const former = formerDurableName({ service: this.#owner, label: pattern, place });
    return place === 0 ? [former, this.#legacyName] : [former];
  }

  get #legacyName(): string {
    return legacyDurableName({ service: this.#owner, pattern: this.#subscription.pattern });
  }

  /** Those that nobody has marked and whose filter is the handler's: nothing else tells whose they are. */
  async #unmarked(names: readonly string[]): Promise<Candidate[]> {
    const all = await this.#candidates(names);
    return all.filter(({ name, info: { config } }) => {
      if (identityOf(config) !== undefined || config.filter_subject === undefined) return false;
      const { pattern } = this.#subscription;
      if ([pattern, this.#scope.filter].includes(config.filter_subject)) return true;
      // the option filterSubject may have narrowed it; the older transport has one name for several patterns
      const [former] = this.#formerNames(0);
      return (name === former || name !== this.#legacyName) && covers(pattern, config.filter_subject);
    });
  }

  /** The one of a handler that is gone, where this is the only one left: its class may have another name now. */
  async #inherited(): Promise<NamedDurable | undefined> {
    if (!this.#isOnly || this.#subscription.name !== undefined) return undefined;
    const all = await this.#candidates([this.#plain, ...this.#formerNames(0)]);
    const left = all.find(({ info }) => this.#isOfPattern(identityOf(info.config)));
    if (left === undefined) return undefined;
    const before = identityOf(left.info.config)?.handler;
    const notice = `consumer ${left.name} was that of ${before}, and is continued by ${this.#describe()}, the only handler of ${this.#subscription.pattern}. If that is another handler, give it a name, with which it starts with a consumer of its own: { name: '…' }`;
    return { name: left.name, notice };
  }

  async #created(): Promise<NamedDurable> {
    const { name, settings } = this.#subscription;
    if (this.#qualified !== undefined && (!this.#isOnly || name !== undefined))
      return { name: this.#qualified, ...(await this.#afterLegacy()) };
    const taken = settings.bind ? undefined : await this.#look(this.#plain);
    if (taken === undefined) return { name: this.#plain, ...(await this.#afterLegacy()) };
    const notice = `consumer ${this.#plain} of stream ${this.#scope.stream} ${ownerOf(taken)}, and was left as it is: ${this.#describe()} has consumer ${this.#separate}`;
    return { name: this.#separate, notice };
  }

  /** The older transport called all handlers of a pattern for each event of the first one's durable. */
  async #afterLegacy(): Promise<Partial<NamedDurable>> {
    if (this.#isOnly) return {};
    const [first] = await this.#unmarked(this.#formerNames(0));
    if (first === undefined || !isLegacyDurable(first.info)) return {};
    const startSequence = first.info.ack_floor.stream_seq + 1;
    const notice = `${this.#describe()} starts after the events that were acknowledged on consumer ${first.name}, which the older transport shared among the handlers of ${this.#subscription.pattern}`;
    return { startSequence, notice };
  }

  async #candidates(names: readonly string[]): Promise<Candidate[]> {
    const distinct = [...new Set(names)].filter((name) => VALID.test(name));
    const found = await Promise.all(distinct.map(async (name) => ({ name, info: await this.#look(name) })));
    return found.filter((each): each is Candidate => each.info !== undefined);
  }

  async #look(name: string): Promise<ConsumerInfo | undefined> {
    const known = this.#infos.get(name) ?? this.#scope.find(name);
    this.#infos.set(name, known);
    return known;
  }

  #describe(): string {
    return labelOf(this.#subscription) ?? `the handler of ${this.#subscription.pattern}`;
  }
}

/** Whose a consumer is, as far as it says. */
function ownerOf({ config }: ConsumerInfo): string {
  const identity = identityOf(config);
  if (identity === undefined) return `delivers ${config.filter_subject ?? 'all subjects'}`;
  return `is that of ${identity.pattern} in ${identity.service ?? 'a service without a name'}`;
}
