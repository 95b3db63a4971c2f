/** Dark, light, or what the system says; kept in this browser. */
import { recall, remember } from './memory.ts';

const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const key = 'quorate.theme';

let current = $state<Theme>(themes.find((theme) => theme === recall(key)) ?? 'system');

export const theme = {
  get current(): Theme {
    return current;
  },
};

/** The page shows the theme: base.css looks at the attribute. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = current;
}

export function nextTheme(): void {
  current = themes[(themes.indexOf(current) + 1) % themes.length] ?? 'system';
  remember(key, current);
  applyTheme();
}
