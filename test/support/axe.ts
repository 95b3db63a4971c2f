/** What axe-core has to say against a page; nothing is the only good answer. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from './chromium.ts';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One line for each element that breaks a rule. */
export async function axeFindings(page: Page): Promise<readonly string[]> {
  // By the debugger, not as a script of the page, which the Content-Security-Policy would refuse.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(source);
  const { violations, passes } = (await page.evaluate('axe.run()')) as AxeResults;
  if (passes.length === 0) throw new Error('axe found nothing to look at');
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, any }) => {
      const why = any.map(({ message }) => message).join('; ');
      return `${id}: ${help}: ${target.join(' ')} ${why}`.trim();
    }),
  );
}
