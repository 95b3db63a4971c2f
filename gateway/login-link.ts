/**
 * The link that lets a person into the console: a code behind the `#`, where a browser keeps it
 * to itself.
 */
import { join } from 'node:path';
import { writeDurably } from '#fabric/open.ts';
import { type LoginGrant, makeLoginCode } from './login-codes.ts';

/** `url` is where the gateway of that data folder answers. */
export async function freshLoginLink(
  { dataDir, url }: { readonly dataDir: string; readonly url: string },
  grant: LoginGrant,
): Promise<string> {
  return `${url}/#login=${await makeLoginCode(dataDir, grant)}`;
}

/** Where the newest link lies, for whoever may read the data folder. */
export function loginLinkPath(dataDir: string): string {
  return join(dataDir, 'login');
}

export function keepLoginLink(dataDir: string, link: string): Promise<void> {
  return writeDurably(loginLinkPath(dataDir), `${link}\n`, 0o600);
}
