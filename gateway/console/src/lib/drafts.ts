/** What somebody began to write and did not send: it is there again when they come back to it. */

const draftsMax = 20;
const drafts = new Map<string, string>();

export function draftOf(key: string): string {
  return drafts.get(key) ?? '';
}

/** An empty text forgets; the oldest goes when there are too many. */
export function keepDraft(key: string, text: string): void {
  drafts.delete(key);
  if (text !== '') drafts.set(key, text);
  const [oldest] = drafts.keys();
  if (drafts.size > draftsMax && oldest !== undefined) drafts.delete(oldest);
}
