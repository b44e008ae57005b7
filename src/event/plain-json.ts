import { types } from 'node:util';
import { describeThrown } from '../kernel/describe-thrown.js';
import { JsonPath } from './json-path.js';
import type { JsonValue } from './json-value.js';

/** Deeper values are refused: code that walks them by recursion would run out of stack. */
const MOST_LEVELS = 500;

/** Half of a surrogate pair, which has no UTF-8. */
const HALF_A_PAIR = /[\uD800-\uDFFF]/u;

/** A value that JSON cannot hold, or would change. */
export class PlainJsonFault extends Error {
  override readonly name = 'PlainJsonFault';
  /** Where it is, such as `data.items[1]`. */
  readonly path: string;
  /** What is wrong with it, as the rest of a sentence that begins with the path. */
  readonly reason: string;

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(`${path} ${reason}`, options);
    this.path = path;
    this.reason = reason;
  }
}

/** How a value is copied. */
export interface PlainJsonOptions {
  /**
   * Name of the value in messages, such as `metadata`; empty where paths begin with the keys of the value.
   */
  readonly root: string;
  /** Whether the value itself may be an instance of a class; its members may not. @default false */
  readonly instance?: boolean;
  /**
   * Whether members can be declared in the `fields` of an event type, which messages say then. @default false
   */
  readonly declarable?: boolean;
}

/**
 * Copies plain JSON. This is the one rule for the data of events, their metadata and snapshots: strings of
 * whole characters, finite numbers other than -0, booleans, null, lists without holes, and plain objects,
 * nested at most 500 deep. A member that is undefined is left out. The copy shares nothing with the value.
 *
 * @throws {@link PlainJsonFault} with the path of the first value that would not be read back as it was.
 */
export function copyPlainJson(
  value: unknown,
  { root, instance = false, declarable = false }: PlainJsonOptions,
): JsonValue {
  const copying = new Copying(root, declarable);
  return instance && typeof value === 'object' && value !== null
    ? copying.members(value)
    : copying.copy(value);
}

/**
 * Reads a member.
 *
 * @throws {@link PlainJsonFault} when its getter throws.
 */
export function readMember(holder: object, key: string, path: () => string): unknown {
  try {
    return (holder as Record<string, unknown>)[key];
  } catch (cause) {
    throw new PlainJsonFault(path(), `cannot be read: ${describeThrown(cause)}`, { cause });
  }
}

/** Whether a value is an object that is nothing but its members. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && !isObjectPrototype(prototype)) return false;
  // arguments, Math, and errors that were given another prototype
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** A plain object of another realm (such as a test runner's) has another `Object.prototype`. */
function isObjectPrototype(prototype: unknown): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf');
}

/** A copy in progress. */
class Copying {
  readonly #path: JsonPath;
  readonly #declarable: boolean;
  /** The objects that contain the value at hand. */
  readonly #above: object[] = [];

  constructor(root: string, declarable: boolean) {
    this.#path = new JsonPath(root);
    this.#declarable = declarable;
  }

  copy(value: unknown): JsonValue {
    switch (typeof value) {
      case 'string':
        if (HALF_A_PAIR.test(value)) this.#refuse('holds half a surrogate pair, which has no UTF-8');
        return value;
      case 'boolean':
        return value;
      case 'number':
        return this.#number(value);
      case 'object':
        return value === null ? null : this.#object(value);
      case 'bigint':
      case 'function':
      case 'symbol':
      case 'undefined':
        return this.#refuse(reasonAgainst(value, this.#declarable));
    }
  }

  members(value: object): Record<string, JsonValue> {
    return this.#inside(value, () => {
      const copy: Record<string, JsonValue> = {};
      for (const key of Object.keys(value)) this.#copyMember(value, key, copy);
      if (Object.getOwnPropertySymbols(value).some((key) => isEnumerable(value, key)))
        this.#refuse('has a member named by a symbol, which JSON leaves out');
      return copy;
    });
  }

  #number(value: number): number {
    if (!Number.isFinite(value)) this.#refuse(`is ${value}; JSON has no such number`);
    if (Object.is(value, -0)) this.#refuse('is -0, which JSON turns into 0');
    return value;
  }

  #object(value: object): JsonValue {
    if (Array.isArray(value)) return this.#items(value as readonly unknown[]);
    if (!isPlainObject(value)) this.#refuse(reasonAgainstObject(value, this.#declarable));
    return this.members(value);
  }

  #items(list: readonly unknown[]): JsonValue {
    // a class that extends Array is lost, as is what a list has beside its items
    if (!Array.isArray(Object.getPrototypeOf(list)))
      this.#refuse(reasonAgainstObject(list, this.#declarable));
    return this.#inside(list, () => {
      const copy = list.map((_, index) => this.#at(index, () => this.copy(this.#read(list, String(index)))));
      for (let index = 0; index < list.length; index += 1) {
        if (!(index in list)) this.#at(index, () => this.#refuse('is a hole in a list; leave it out'));
      }
      if (Object.keys(list).length !== list.length)
        this.#refuse('is a list with other members than its items');
      return copy;
    });
  }

  #copyMember(value: object, key: string, copy: Record<string, JsonValue>): void {
    this.#at(key, () => {
      if (HALF_A_PAIR.test(key)) this.#refuse('has half a surrogate pair in its key, which has no UTF-8');
      const member = this.#read(value, key);
      if (member === undefined) return;
      const copied = this.copy(member);
      if (key !== '__proto__') copy[key] = copied;
      // assigned, it would be the prototype
      else Object.defineProperty(copy, key, { value: copied, ...ORDINARY });
    });
  }

  #read(value: object, key: string): unknown {
    return readMember(value, key, () => this.#path.toString());
  }

  #at<T>(key: string | number, work: () => T): T {
    this.#path.enter(key);
    const result = work();
    this.#path.leave();
    return result;
  }

  #inside<T>(value: object, work: () => T): T {
    if (this.#above.includes(value)) this.#refuse('contains itself, which JSON cannot hold');
    if (this.#above.length >= MOST_LEVELS) this.#refuse(`is nested more than ${MOST_LEVELS} levels deep`);
    this.#above.push(value);
    const result = work();
    this.#above.pop();
    return result;
  }

  #refuse(reason: string): never {
    throw new PlainJsonFault(this.#path.toString(), reason);
  }
}

const ORDINARY = { writable: true, enumerable: true, configurable: true };

function isEnumerable(value: object, key: symbol): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, key);
}

function reasonAgainst(value: unknown, declarable: boolean): string {
  if (typeof value === 'bigint') return `is a bigint; ${declaredAs('bigint', declarable)}store text`;
  if (value === undefined) return 'is undefined; leave it out';
  return `is a ${typeof value}, which cannot be stored`;
}

function reasonAgainstObject(value: object, declarable: boolean): string {
  if (types.isDate(value)) return `is a Date; ${declaredAs('date', declarable)}store text`;
  if (types.isUint8Array(value))
    return `is a ${classOf(value)}; ${declaredAs('bytes', declarable)}store text`;
  if (types.isPromise(value)) return 'is a Promise; await it first';
  return `is a ${classOf(value)}; store a list, a plain object or text, or give a codec`;
}

function declaredAs(kind: string, declarable: boolean): string {
  return declarable ? `declare it in the type's fields as '${kind}', or ` : '';
}

/** Name of its class, or what it says of itself. */
function classOf(value: object): string {
  const { constructor } = value as { readonly constructor?: unknown };
  if (typeof constructor === 'function' && constructor !== Object && constructor.name !== '')
    return constructor.name;
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}
