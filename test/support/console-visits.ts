/** Getting into the console and from page to page, as a person with a browser does. */
import type { Demo, Login } from './federation.ts';
import type { Tab } from './tab.ts';

const cookieName = 'quorate_session';

/** Opens a login link and waits for the first page. */
export async function logIn({ page, settle }: Tab, link: string): Promise<void> {
  await page.goto(link);
  await page.getByRole('heading', { level: 1, name: 'Approvals' }).waitFor();
  // The code is gone from the address before anybody could look over a shoulder.
  if (page.url().includes('login=')) throw new Error('the code is still in the address');
  await settle();
}

/** The same without a link, where logging in is not what matters. */
export async function enter(tab: Tab, demo: Demo, login: Login = {}): Promise<void> {
  await bringCookie(tab, demo, login);
  await tab.page.goto(demo.gateway.url);
  await tab.page.getByRole('heading', { level: 1 }).waitFor();
  await tab.settle();
}

/** Another page by its address, without loading the document anew. */
export async function visit({ page, settle }: Tab, fragment: string): Promise<void> {
  await page.evaluate((to) => {
    location.hash = to;
  }, fragment);
  await page.getByRole('heading', { level: 1 }).waitFor();
  await settle();
}

export async function bringCookie({ context }: Tab, demo: Demo, login: Login): Promise<void> {
  const cookie = await demo.login(login);
  const value = cookie.slice(`${cookieName}=`.length);
  await context.addCookies([{ name: cookieName, value, url: demo.gateway.url }]);
}
