import { expect, test } from 'vitest';
import { navItems } from '#gateway/console/src/lib/navigation.ts';
import {
  home,
  href,
  idOf,
  loginCodeIn,
  pageNames,
  parseRoute,
} from '#gateway/console/src/lib/routes.ts';

test('an address leads back to the page, id and query it was made of', () => {
  for (const page of pageNames) {
    const query = { status: 'pending-approval', target: 'acme/web', text: 'a&b=c ?' };
    const address = href(page, 'd2'.repeat(32), query);
    expect(parseRoute(address)).toEqual({ page, id: 'd2'.repeat(32), query });
  }
});

test('an address without more is as short as it can be', () => {
  expect(href('decisions')).toBe('#/decisions');
  expect(href('decisions', null, { status: '' })).toBe('#/decisions');
});

test('what names no page leads home', () => {
  for (const fragment of ['', '#', '#/', '#/nothing', '#main', '#/%', '#/__proto__']) {
    expect(parseRoute(fragment)).toEqual(home);
  }
});

test('what could lead to another path, or be more than a word of a command, is no id', () => {
  for (const id of ['%', '..%2Fsession', '$(id)', 'a%20b', `${'d'.repeat(129)}`]) {
    expect(parseRoute(`#/decisions/${id}`).id).toBeNull();
    expect(idOf(decodeURIComponent(id === '%' ? '%25' : id))).toBeNull();
  }
  expect(idOf(undefined)).toBeNull();
});

test('a broken id is no id', () => {
  expect(parseRoute('#/decisions/%')).toEqual({ page: 'decisions', id: null, query: {} });
});

test('a login code is found only where a login link has it', () => {
  const code = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhbGljZSJ9.c2ln_-';
  expect(loginCodeIn(`#login=${code}`)).toBe(code);
  expect(loginCodeIn(`#/login=${code}`)).toBeNull();
  expect(loginCodeIn('#login=')).toBeNull();
  expect(loginCodeIn('#login=<script>')).toBeNull();
});

test('every page is in the navigation once, each with a key of its own', () => {
  expect(navItems.map(({ page }) => page)).toEqual(pageNames);
  expect(new Set(navItems.map(({ key }) => key)).size).toBe(navItems.length);
});
