/**
 * Classes and codes of SQLSTATE that say nothing about the statement: lost connections (08), deadlocks and
 * serialization (40), a lack of resources (53), a server that stops or starts (57P01 to 57P05), a lock that
 * was not to be had in time (55P03), a transaction that was ended since its process was silent (25P03), a
 * prepared statement that a pooler has lost (26000, 42P05).
 */
const SQLSTATE = /^(?:08|40|53)...$|^57P0.$|^55P03$|^25P03$|^26000$|^42P05$/;

/** Codes of sockets and of the look-up of names. */
const SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EAI_AGAIN',
  'ENOTFOUND',
]);

/** What `pg` says without a code. */
const MESSAGE =
  /^(?:Connection terminated|timeout exceeded when trying to connect|timeout expired$|Client has encountered a connection error|Client was closed)/;

/** An error that is the cause of another may be the cause of a third. This many are looked at. */
const MOST_CAUSES = 5;

/** Whether an error of the database, or one that it is the cause of, goes away by itself. */
export function isTransientError(error: unknown): boolean {
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && isObject(current); depth += 1) {
    if (isTransientItself(current)) return true;
    current = (current as { cause?: unknown }).cause;
  }
  return false;
}

/** The SQLSTATE of an error of the database; undefined when it has none. */
export function sqlStateOf(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < MOST_CAUSES && isObject(current); depth += 1) {
    const { code, cause } = current as { code?: unknown; cause?: unknown };
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) return code;
    current = cause;
  }
  return undefined;
}

function isTransientItself(error: object): boolean {
  const { code, message, syscall } = error as { code?: unknown; message?: unknown; syscall?: unknown };
  if (typeof code === 'string') {
    // the socket file of a server that is down
    if (code === 'ENOENT' && syscall === 'connect') return true;
    return SQLSTATE.test(code) || SYSTEM.has(code);
  }
  return typeof message === 'string' && MESSAGE.test(message);
}

/** Also of another realm, as errors of the platform are under a test runner. */
function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
