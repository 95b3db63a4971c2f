/**
 * A browser without a window: the Chromium of the machine, by playwright-core; the only file
 * that knows how to start it.
 */
import { type Browser, type BrowserContextOptions, chromium } from 'playwright-core';
import { pathOf } from './programs.ts';

export type { Browser, BrowserContext, ElementHandle, Locator, Page } from 'playwright-core';

export const browserProgram = 'chromium';

export type Scheme = 'dark' | 'light';

export const widths = [1440, 360] as const;
export type Width = (typeof widths)[number];

/** The screens that the console is looked at on. */
export const screens: Readonly<Record<Width, { readonly width: Width; readonly height: number }>> =
  { 1440: { width: 1440, height: 900 }, 360: { width: 360, height: 780 } };

/** What contexts have in common, so that a picture looks the same everywhere. */
export const usualContext: BrowserContextOptions = {
  viewport: screens[1440],
  deviceScaleFactor: 1,
  locale: 'en-GB',
  timezoneId: 'UTC',
  colorScheme: 'dark',
  reducedMotion: 'reduce',
};

export function launchBrowser(): Promise<Browser> {
  const executablePath = pathOf(browserProgram);
  if (executablePath === null) throw new Error(`${browserProgram} is not installed`);
  return chromium.launch({
    executablePath,
    // Chromium's sandbox refuses to run as root.
    chromiumSandbox: process.getuid?.() !== 0,
  });
}
