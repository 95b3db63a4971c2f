/**
 * Addresses of the console: `#/decisions/<id>?status=enacted`. They live in the fragment, so no
 * page collides with a path of the API, and a link carries everything it needs.
 */

export const pageNames = [
  'approvals',
  'decisions',
  'incidents',
  'risk',
  'federation',
  'audit',
  'system',
] as const;
export type PageName = (typeof pageNames)[number];
export type Query = Readonly<Record<string, string>>;

export interface Route {
  readonly page: PageName;
  readonly id: string | null;
  readonly query: Query;
}

export const home: Route = { page: 'approvals', id: null, query: {} };

/** The route that a fragment names; the first page for anything else. */
export function parseRoute(fragment: string): Route {
  const [path = '', search = ''] = fragment.replace(/^#?\/?/, '').split('?', 2);
  const [name, id] = path.split('/').map(decode);
  const page = pageNames.find((known) => known === name);
  if (!page) return home;
  return { page, id: idOf(id), query: Object.fromEntries(new URLSearchParams(search)) };
}

/**
 * An id is put into paths of the API and into commands to paste, and a link may come from
 * anybody: what could be more than an id is none.
 */
export function idOf(text: string | undefined): string | null {
  return text !== undefined && /^[\w-]{1,128}$/.test(text) ? text : null;
}

/** Empty values of the query are left out. */
export function href(page: PageName, id?: string | null, query: Query = {}): string {
  const kept = Object.entries(query).filter(([, value]) => value !== '');
  const path = id ? `#/${page}/${encodeURIComponent(id)}` : `#/${page}`;
  return kept.length === 0 ? path : `${path}?${new URLSearchParams(kept)}`;
}

/** The one-time code of a login link, which is a fragment too: `#login=<code>`. */
export function loginCodeIn(fragment: string): string | null {
  return /^#login=([\w.-]+)$/.exec(fragment)?.[1] ?? null;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return ''; // a lone percent sign: nobody's id
  }
}
