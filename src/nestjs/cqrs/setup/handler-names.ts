import { CqrsSetupError } from './cqrs-setup-error.js';

/** What a handler or a saga is called in the code, and the name that was given to it. */
export interface NamedHandler {
  /** The class, or the class and the property of a saga. */
  readonly label: string;
  readonly name: string | undefined;
}

/** @throws {@link CqrsSetupError} listing the handlers without a name, or two with the same one. */
export function checkHandlerNames(handlers: readonly NamedHandler[]): void {
  const nameless = handlers.filter(({ name }) => name === undefined).map(({ label }) => label);
  if (nameless.length > 0) throw new CqrsSetupError(namelessReason(nameless));
  const byName = new Map<string | undefined, string>();
  for (const { name, label } of handlers) {
    const other = byName.get(name);
    if (other !== undefined) {
      const reason = `${other} and ${label} are both named ${name ?? ''}; a name belongs to one handler`;
      throw new CqrsSetupError(reason);
    }
    byName.set(name, label);
  }
}

/** @throws {@link CqrsSetupError} when the option `names` names what the application does not have. */
export function checkNamesOption(names: Readonly<Record<string, string>>, labels: readonly string[]): void {
  const unknown = Object.keys(names).filter((label) => !labels.includes(label));
  if (unknown.length === 0) return;
  throw new CqrsSetupError(
    `the option names has ${unknown.join(', ')}, which no module provides as a handler or a saga; ` +
      `there are: ${labels.join(', ') || 'none'}`,
  );
}

function namelessReason(labels: readonly string[]): string {
  const example = labels.map((label) => `${label}: '${kebabCase(label)}'`).join(', ');
  return (
    `${labels.join(', ')} have no stable name, which their position in the log is kept under; ` +
    `decorate them with @Reactor({ name }), or give the option names: { ${example} }`
  );
}

function kebabCase(label: string): string {
  return label
    .replace(/(Event)?Handler$/, '')
    .replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '-')
    .toLowerCase();
}
