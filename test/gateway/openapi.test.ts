/**
 * The OpenAPI document as served, for people and for tools: a public linter, and the page in a
 * real browser.
 */
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Demo, startDemo } from '#test/support/federation.ts';
import type { OpenApi, Operation } from '#test/support/http-routes.ts';
import { needs } from '#test/support/require.ts';

const chromiumTest = needs('chromium');

let demo: Demo;
let text: string;
let document: OpenApi;

beforeAll(async () => {
  demo = await startDemo();
  text = await (await fetch(`${demo.gateway.url}/openapi.json`)).text();
  document = JSON.parse(text) as OpenApi;
}, 60_000);

afterAll(() => demo?.close());

function operations(): readonly (Operation & { name: string })[] {
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...operation,
      name: `${method.toUpperCase()} ${path}`,
    })),
  );
}

test('a public linter finds no error in the document', async () => {
  const config = await createConfig({ extends: ['recommended'] });
  const found = await lintFromString({ source: text, absoluteRef: 'openapi.json', config });
  const lines = found.map(({ severity, ruleId, message, location }) => {
    const places = location.map((place) => place.pointer ?? '').join(' ');
    return `${severity} ${ruleId}: ${message} ${places}`;
  });
  for (const line of lines) process.stdout.write(`linter: ${line}\n`);
  expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
}, 30_000);

test('the document names this gateway and refers only to what it holds', () => {
  expect(document.openapi).toBe('3.1.0');
  expect(document.info).toMatchObject({ version: '0.0.0-test', license: { name: 'MIT' } });
  expect(text).not.toContain('"$id"');
  for (const [, kind, name] of text.matchAll(/#\/components\/(\w+)\/(\w+)/g)) {
    expect(document.components).toHaveProperty([kind ?? '', name ?? '']);
  }
});

test('a schema with a name of its own is described once', () => {
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(['Problem', 'Proposal', 'Manifest', 'Certificate', 'AuditView']),
  );
  expect(text.match(/"equivocations":|"counters":/g)?.length).toBeLessThanOrEqual(2);
});

test('every operation has a summary, an id of its own and a tag that is explained', () => {
  const tags = document.tags.map(({ name }) => name);
  const ids = operations().map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { name, summary, tags: given, responses } of operations()) {
    expect([name, summary]).toEqual([name, expect.stringMatching(/^[A-Z].{5,}/)]);
    expect([name, given?.every((tag) => tags.includes(tag))]).toEqual([name, true]);
    expect([name, Object.keys(responses)]).toEqual([name, expect.arrayContaining(['default'])]);
  }
});

test('every operation says who may call it: the public ones nobody, the others two ways', () => {
  const open = operations().filter(({ security }) => security?.length === 0);
  expect(open.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['GET /health', 'GET /metrics', 'GET /openapi.json']),
  );
  for (const { name, security } of operations()) {
    if (open.some((one) => one.name === name)) continue;
    expect([name, security]).toEqual([name, [{ bearer: [] }, { session: [] }]]);
  }
});

test('answers that are not JSON say what they are', () => {
  const media = (path: string) =>
    Object.keys(document.paths[path]?.get?.responses['200']?.content ?? {});
  expect(media('/metrics')).toEqual(['text/plain']);
  expect(media('/audit/head')).toEqual(['text/plain']);
  expect(media('/audit/{id}/proof')).toEqual(['application/json']);
  expect(media('/events')).toEqual(['text/event-stream']);
});

// Goal: the page works under its policy. Method: a real browser; every message of its console and
// every request it makes are kept.
chromiumTest(
  'the page shows the document of this gateway, breaks no policy and asks nobody else',
  async () => {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: ['--no-sandbox'],
    });
    try {
      const seen = await lookAt(browser, `${demo.gateway.url}/docs`);
      expect(seen.summaries).toContain('This document');
      expect(seen.summaries.length).toBe(operations().length);
      expect(seen.complaints).toEqual([]);
      expect(seen.hosts).toEqual([new URL(demo.gateway.url).host]);
    } finally {
      await browser.close();
    }
  },
  60_000,
);

async function lookAt(browser: Browser, url: string) {
  const page = await browser.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (message.type() !== 'log') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host);
  });
  await page.goto(url);
  await page.locator('.opblock-summary-description').first().waitFor({ timeout: 20_000 });
  // Opening an operation renders its schemas, which is where inline styles would show.
  await page.locator('.opblock-summary-control').first().click();
  await page.locator('.opblock-body').first().waitFor({ timeout: 20_000 });
  const summaries = await page.locator('.opblock-summary-description').allTextContents();
  return { summaries, complaints, hosts: [...hosts] };
}
