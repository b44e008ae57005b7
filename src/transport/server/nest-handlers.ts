import { MetadataScanner, ModulesContainer } from '@nestjs/core';

/** The key under which the decorators of Nest keep the extras of a handler, an object for each method. */
const EXTRAS = 'microservices:pattern_extras';

/** The applications that strategies were given to. */
const applications = new WeakMap<object, ModulesContainer>();

/*
 * Nest tells a strategy its handlers as functions, without their classes. It registers the strategy with the
 * modules of its application before that, so the application is noted there.
 */
const prototype = ModulesContainer.prototype as Partial<Pick<ModulesContainer, 'addRpcTarget'>>;
const { addRpcTarget } = prototype;
if (addRpcTarget !== undefined)
  prototype.addRpcTarget = function noteApplication(this: ModulesContainer, target: unknown): void {
    if (typeof target === 'object' && target !== null) applications.set(target, this);
    addRpcTarget.call(this, target);
  };

/**
 * Finds the classes and methods of the handlers that Nest gives to a strategy. A handler is recognized by its
 * extras, of which Nest makes one object for each decorated method.
 */
export class NestHandlers {
  readonly #strategy: object;
  /** How often a method was found for a pattern: a class may be in several modules, a method in several classes. */
  readonly #found = new Map<string, number>();
  readonly #scanner = new MetadataScanner();
  #methods: ReadonlyMap<object, readonly string[]> | undefined;

  constructor(strategy: object) {
    this.#strategy = strategy;
  }

  /**
   * Class and method of the next handler of a pattern, such as `MailController.confirm`; undefined where Nest
   * does not tell.
   */
  methodOf(pattern: string, extras: object): string | undefined {
    const methods = (this.#methods ??= this.#scan())?.get(extras);
    const [first] = methods ?? [];
    if (methods === undefined || first === undefined) return undefined;
    const key = `${first} ${pattern}`;
    const turn = this.#found.get(key) ?? 0;
    this.#found.set(key, turn + 1);
    return methods[turn] ?? first;
  }

  #scan(): ReadonlyMap<object, readonly string[]> | undefined {
    const application = applications.get(this.#strategy);
    if (application === undefined) return undefined;
    const methods = new Map<object, string[]>();
    for (const { controllers } of application.values())
      for (const { metatype } of controllers.values())
        if (typeof metatype === 'function') this.#scanClass(metatype, methods);
    return methods;
  }

  #scanClass(
    { name, prototype: members }: { name: string; prototype: unknown },
    methods: Map<object, string[]>,
  ): void {
    const callbacks = members as Record<string, object>;
    for (const method of this.#scanner.getAllMethodNames(callbacks)) {
      const extras = Reflect.getMetadata(EXTRAS, callbacks[method] as object) as object | undefined;
      if (extras === undefined) continue;
      const known = methods.get(extras) ?? [];
      methods.set(extras, [...known, `${name}.${method}`]);
    }
  }
}
