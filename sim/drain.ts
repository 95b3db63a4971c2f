/**
 * Lets promises settle between two simulated events.
 *
 * The only real timer of the simulator. A callback of setImmediate runs after every microtask
 * that is due, however long their chain; since nothing in a world waits for real I/O, all that
 * an event sets off has then happened, in the same order on every machine.
 */

/** Resolves when no microtask is left. */
export function drain(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
