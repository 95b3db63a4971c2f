/** How long to wait before asking again: doubling, with a ceiling. */

const firstMs = 500;
const mostMs = 15_000;

export function backoffMs(failures: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.min(failures, 10));
}
