import { createHash } from 'node:crypto';
import { nkeys } from '@nats-io/transport-node';

type KeyPair = ReturnType<typeof nkeys.createUser>;

const NO_LIMITS = { subs: -1, data: -1, payload: -1 };
const utf8 = new TextEncoder();
const text = new TextDecoder();

/** An operator with accounts, as `nsc` creates them: JSON web tokens signed with nkeys. */
export class Operator {
  readonly #key = nkeys.createOperator();
  readonly #preload: string[] = [];
  readonly #system: string;

  constructor() {
    this.#system = this.addAccount('SYS', {}).publicKey;
  }

  addAccount(name: string, limits: Record<string, number>): Account {
    const key = nkeys.createAccount();
    const nats = {
      type: 'account',
      version: 2,
      limits: {
        ...NO_LIMITS,
        imports: -1,
        exports: -1,
        wildcards: true,
        conn: -1,
        leaf: -1,
        ...limits,
      },
    };
    this.#preload.push(`${key.getPublicKey()}: ${token(name, key.getPublicKey(), nats, this.#key)}`);
    return new Account(key);
  }

  /** The configuration of a server that trusts this operator. */
  get serverConfig(): string {
    const id = this.#key.getPublicKey();
    const nats = { type: 'operator', version: 2, system_account: this.#system };
    return [
      `operator: ${token('operator', id, nats, this.#key)}`,
      `system_account: ${this.#system}`,
      'resolver: MEMORY',
      `resolver_preload: {\n${this.#preload.join('\n')}\n}`,
    ].join('\n');
  }
}

class Account {
  readonly #key: KeyPair;

  constructor(key: KeyPair) {
    this.#key = key;
  }

  get publicKey(): string {
    return this.#key.getPublicKey();
  }

  /** The content of a credentials file for a new user, whose token is valid for that many seconds. */
  credentials(name: string, validS?: number): string {
    const user = nkeys.createUser();
    const nats = { type: 'user', version: 2, ...NO_LIMITS };
    const exp = validS === undefined ? {} : { exp: Math.floor(Date.now() / 1000) + validS };
    const jwt = token(name, user.getPublicKey(), nats, this.#key, exp);
    return [
      `-----BEGIN NATS USER JWT-----\n${jwt}\n------END NATS USER JWT------\n`,
      `-----BEGIN USER NKEY SEED-----\n${text.decode(user.getSeed())}\n------END USER NKEY SEED------\n`,
    ].join('\n');
  }
}

function token(name: string, subject: string, nats: object, signer: KeyPair, more: object = {}): string {
  const claims = {
    ...more,
    iat: Math.floor(Date.now() / 1000),
    iss: signer.getPublicKey(),
    name,
    sub: subject,
    nats,
  };
  const jti = createHash('sha256').update(JSON.stringify(claims)).digest('hex');
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const body = `${encode({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encode({ ...claims, jti })}`;
  return `${body}.${Buffer.from(signer.sign(utf8.encode(body))).toString('base64url')}`;
}
