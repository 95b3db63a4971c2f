/** NATS user keys: made here, where the library for them is wrapped. */
import { createUser } from '@nats-io/nkeys';
import { fromUtf8 } from '#protocols/bytes.ts';

export interface Nkey {
  /** Secret: what logs in. */
  readonly seed: string;
  /** What the server's configuration names. */
  readonly publicKey: string;
}

export function makeNkey(): Nkey {
  const user = createUser();
  return { seed: fromUtf8(user.getSeed()), publicKey: user.getPublicKey() };
}
