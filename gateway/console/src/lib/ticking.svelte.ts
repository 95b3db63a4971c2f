/**
 * One clock for every relative time on the page: a timer for each would wake the page hundreds
 * of times a second.
 */
import { createSubscriber } from 'svelte/reactivity';
import { every, now } from './clock.ts';

const periodMs = 1000;
const subscribe = createSubscriber((update) => every(periodMs, update));

export const ticking = {
  /** The time now, as of the last second; an effect that reads it runs again each second. */
  get now(): number {
    subscribe();
    return now();
  },
};
