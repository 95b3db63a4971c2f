/** Short messages about what a person just did, or what went wrong with it. */
import { problemOf } from './api.ts';
import { after } from './clock.ts';

export interface Notice {
  readonly id: number;
  readonly kind: 'done' | 'problem';
  readonly text: string;
  readonly detail: string;
}

const noticesMax = 4;
const doneForMs = 6000;

let notices = $state.raw<readonly Notice[]>([]);
let lastId = 0;

export const noticeBoard = {
  get notices(): readonly Notice[] {
    return notices;
  },
};

export function dismiss(id: number): void {
  notices = notices.filter((notice) => notice.id !== id);
}

/** For another tenant, what was said about the last one is over. */
export function dismissAll(): void {
  notices = [];
}

/** Says that something worked; goes by itself. */
export function notify(text: string, detail = ''): void {
  const id = add({ kind: 'done', text, detail });
  after(doneForMs, () => dismiss(id));
}

/** Says that something failed; stays until it was read. */
export function complain(text: string, error: unknown): void {
  const problem = problemOf(error);
  const request = problem.requestId === null ? '' : ` (request ${problem.requestId})`;
  add({ kind: 'problem', text, detail: `${problem.detail}${request}` });
}

function add(notice: Omit<Notice, 'id'>): number {
  lastId += 1;
  notices = [...notices, { ...notice, id: lastId }].slice(-noticesMax);
  return lastId;
}
