import type { Type } from '@nestjs/common';
import type { ModulesContainer } from '@nestjs/core';
import type { StoredCommandData } from '../../../event/own-event-types.js';
import { copyPlainJson } from '../../../event/plain-json.js';
import { CqrsSetupError } from '../setup/cqrs-setup-error.js';

/** Where `@CommandHandler` of `@nestjs/cqrs` keeps the command class. The package does not export it. */
const COMMAND_HANDLER_METADATA = '__commandHandler__';

/** Turns commands into what is stored of them, and back into instances of their classes. */
export class CommandCodec {
  readonly #classes: () => ReadonlyMap<string, Type<object>>;
  #byName: ReadonlyMap<string, Type<object>> | undefined;

  /** @param classes By their stable names. Asked for when a command is to be stored or executed. */
  constructor(classes: () => ReadonlyMap<string, Type<object>>) {
    this.#classes = classes;
  }

  /** @throws {@link CqrsSetupError} when no handler has its class; {@link PlainJsonFault} when JSON would change it. */
  encode(command: object): StoredCommandData {
    const [name] = [...this.#known].find(([, type]) => type === command.constructor) ?? [];
    if (name === undefined) throw unknownCommand(command.constructor?.name ?? 'of no class', this.#known);
    const data = copyPlainJson(command, { root: name, instance: true });
    return { name, data: data as StoredCommandData['data'] };
  }

  /** @throws {@link CqrsSetupError} when no class has its name any more. */
  decode({ name, data }: StoredCommandData): object {
    const type = this.#known.get(name);
    if (type === undefined) throw unknownCommand(name, this.#known);
    return Object.assign(Object.create(type.prototype as object) as object, data);
  }

  /**
   * Looks for the classes.
   *
   * @throws {@link CqrsSetupError} when two have one name.
   */
  check(): void {
    void this.#known;
  }

  get #known(): ReadonlyMap<string, Type<object>> {
    this.#byName ??= this.#classes();
    return this.#byName;
  }
}

/**
 * The command classes that have handlers, by name.
 *
 * @param given Stable names of classes, from the option `commands`.
 * @throws {@link CqrsSetupError} when two classes have one name.
 */
export function commandClasses(
  modules: ModulesContainer,
  given: Readonly<Record<string, Type<object>>> = {},
): Map<string, Type<object>> {
  const classes = new Map(Object.entries(given));
  const named = new Set(classes.values());
  for (const type of handledCommands(modules)) {
    if (named.has(type)) continue;
    if (classes.has(type.name)) {
      const reason = `two command classes are named ${type.name}; give one of them another name by the option commands`;
      throw new CqrsSetupError(reason);
    }
    named.add(type);
    classes.set(type.name, type);
  }
  return classes;
}

function handledCommands(modules: ModulesContainer): Type<object>[] {
  return [...modules.values()].flatMap(({ providers }) =>
    [...providers.values()].flatMap(({ instance, metatype }) => {
      const type: unknown = (instance as object | null | undefined)?.constructor ?? metatype;
      if (typeof type !== 'function') return [];
      const command = Reflect.getMetadata(COMMAND_HANDLER_METADATA, type) as Type<object> | undefined;
      return command ?? [];
    }),
  );
}

function unknownCommand(name: string, known: ReadonlyMap<string, unknown>): CqrsSetupError {
  return new CqrsSetupError(
    `command ${name} cannot be stored: no @CommandHandler has its class, nor does the option commands ` +
      `(known: ${[...known.keys()].join(', ') || 'none'})`,
  );
}
