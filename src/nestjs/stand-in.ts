/**
 * An object whose methods are those of another one that is made later: what can be injected until then.
 *
 * @param prototype The prototype of the class of both.
 * @param required The other one. It throws while there is none.
 */
export function standIn<T extends object>(prototype: T, required: () => T): T {
  return new Proxy(Object.create(prototype) as T, {
    get(target, key) {
      const isMember = key !== 'constructor' && Object.hasOwn(prototype, key);
      if (!isMember) return Reflect.get(target, key);
      const made = required();
      const member: unknown = Reflect.get(made, key);
      return typeof member === 'function' ? (member.bind(made) as unknown) : member;
    },
  });
}
