/** The pages in the order of the navigation, with their keys. */
import type { IconName } from './icons.ts';
import type { PageName } from './routes.ts';

export interface NavItem {
  readonly page: PageName;
  readonly label: string;
  readonly icon: IconName;
  /** After `g`. */
  readonly key: string;
}

export const navItems: readonly NavItem[] = [
  { page: 'approvals', label: 'Approvals', icon: 'approvals', key: 'a' },
  { page: 'decisions', label: 'Decisions', icon: 'decisions', key: 'd' },
  { page: 'incidents', label: 'Incidents', icon: 'incidents', key: 'i' },
  { page: 'risk', label: 'Risk', icon: 'risk', key: 'r' },
  { page: 'federation', label: 'Federation', icon: 'federation', key: 'f' },
  { page: 'audit', label: 'Audit', icon: 'audit', key: 'u' },
  { page: 'system', label: 'System', icon: 'system', key: 's' },
];

/** What fits beside "More" at the bottom of a phone. */
export const barItems = navItems.slice(0, 4);
export const moreItems = navItems.slice(4);
