/** Where the reader is: the fragment of the address, as a route. */
import { href, loginCodeIn, type PageName, parseRoute, type Query, type Route } from './routes.ts';

export { href } from './routes.ts';

let current = $state.raw<Route>(parseRoute(location.hash));
/** The page whose title was shown last. */
let lastPlace: string | null = null;
/** How each list was filtered last. */
const listQueries = new Map<PageName, Query>();

export const route = {
  get current(): Route {
    return current;
  },
};

/** Whether the reader came to this page from another one; asked once by each page's title. */
export function isArrival(): boolean {
  const { page, id } = current;
  const place = `${page}/${id ?? ''}`;
  const came = lastPlace !== null && lastPlace !== place;
  lastPlace = place;
  return came;
}

/** Goes to a page; `replace` leaves no step back, as for a filter that changed. */
export function go(
  page: PageName,
  id?: string | null,
  options: { readonly query?: Query; readonly replace?: boolean; readonly row?: string } = {},
): void {
  const target = href(page, id, options.query);
  if (target === location.hash) return;
  const state = options.row === undefined ? null : { row: options.row };
  if (options.replace) history.replaceState(state, '', target);
  else history.pushState(state, '', target);
  settle(target);
}

/** Goes back to a list as it was filtered last, at the row that the reader came from. */
export function backTo(page: PageName, row: string): void {
  go(page, null, { query: listQueries.get(page) ?? {}, row });
}

/** Notes in the browser's history by which row the reader leaves a list. */
export function rememberRow(row: string): void {
  history.replaceState({ row }, '');
}

/** The row by which the reader once left what is shown; null for who comes anew. */
export function rememberedRow(): string | null {
  const row: unknown = history.state?.row;
  return typeof row === 'string' ? row : null;
}

/** Another tenant has neither what was open nor what lists were filtered by. */
export function startAfresh(): void {
  lastPlace = '';
  listQueries.clear();
  go(current.page, null, { replace: true });
}

function settle(fragment: string): void {
  current = parseRoute(fragment);
  if (current.id === null) listQueries.set(current.page, current.query);
}

/**
 * Follows the address. A login code is taken out of it, and of the browser's history, before
 * anything else happens.
 */
export function startRouter(onLoginCode: (code: string) => void): void {
  const follow = () => {
    const code = loginCodeIn(location.hash);
    if (code !== null) {
      history.replaceState(null, '', `${location.pathname}${href('approvals')}`);
      onLoginCode(code);
    }
    settle(location.hash);
  };
  addEventListener('hashchange', follow);
  follow();
}
