/**
 * Runs tasks of one key one after the other, tasks of different keys side by side.
 *
 * Nothing is kept for a key without a task. How many tasks wait is up to those who ask: each
 * caller waits for its own.
 */
export class KeyedQueue {
  readonly #last = new Map<string, Promise<unknown>>();

  async run<T>(key: string, task: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key) ?? Promise.resolve();
    const mine = before.then(task, task);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
