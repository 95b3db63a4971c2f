/**
 * Every screen of the console: what tests look at and pictures are taken of. They follow from
 * the console's own list of pages, so that a new page is on neither list by being forgotten.
 */
import { href, type PageName, pageNames } from '#gateway/console/src/lib/routes.ts';

/** Pages that show one thing in full when their address has an id. */
const details = { decisions: 'decision', incidents: 'incident', audit: 'trace' } as const;

export const loginScreen = 'login';

/** In the order of the navigation. */
export const screenNames: readonly string[] = [loginScreen, ...pageNames.flatMap(namesOf)];

export interface Shown {
  readonly decision: string;
  readonly incident: string;
}

export interface Screen {
  readonly name: string;
  readonly fragment: string;
}

/** The screens that need a session. */
export function screensOf({ decision, incident }: Shown): readonly Screen[] {
  return pageNames.flatMap((page) => {
    const id = page === 'incidents' ? incident : decision;
    return namesOf(page).map((name) => ({
      name,
      fragment: href(page, name === page ? null : id),
    }));
  });
}

function namesOf(page: PageName): readonly string[] {
  return page in details ? [page, details[page as keyof typeof details]] : [page];
}
