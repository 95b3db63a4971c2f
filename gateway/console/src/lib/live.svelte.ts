/**
 * The live stream: every audit entry of the tenant, in order, once.
 *
 * A browser reconnects a broken stream by itself and says where it was. A stream that the
 * gateway refused or ended stays closed; then a new one is opened from the last entry heard.
 */
import { backoffMs } from './backoff.ts';
import { after, nextFrame, now } from './clock.ts';
import { session } from './session.svelte.ts';
import type { AuditWire } from './wire.ts';

type LiveState = 'connecting' | 'live' | 'reconnecting' | 'off';
type Listener = (entry: AuditWire) => void;

/** Entries handed to listeners in one frame: more would be felt as a stutter. */
const entriesPerFrameMax = 200;
/** A page that cannot keep up reads its lists again instead. */
const waitingMax = 5000;

/** So often the place to resume from is asked for. */
const refusalsMax = 2;
/** Hidden for so long, the machine may have slept: a connection can be dead without a word. */
const sleptAfterMs = 60_000;

let state = $state<LiveState>('off');
let lostAt = $state<number | null>(null);
let hiddenAt = 0;
let source: EventSource | null = null;
let lastId: string | null = null;
let failures = 0;
let cancelRetry: (() => void) | null = null;
let waiting: AuditWire[] = [];
let isScheduled = false;
const listeners = new Set<Listener>();
const gapListeners = new Set<() => void>();

export const live = {
  get state(): LiveState {
    return state;
  },
  /** Since when nothing was heard of what happens; null while it is. */
  get lostAt(): number | null {
    return lostAt;
  },
};

/** Hears every entry from now on. */
export function onEntry(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Hears that entries may have been missed, so that lists are read again. */
export function onGap(listener: () => void): () => void {
  gapListeners.add(listener);
  return () => gapListeners.delete(listener);
}

/** Starts over, from now on: for a new session or another tenant. */
export function startLive(): void {
  stopLive();
  open('connecting');
}

export function stopLive(): void {
  close();
  lastId = null;
  failures = 0;
  waiting = [];
  state = 'off';
  lostAt = null;
}

/** Does not wait any longer to try again. */
export function wakeLive(): void {
  if (state !== 'reconnecting' || source?.readyState === EventSource.OPEN) return;
  failures = 0;
  open('reconnecting');
}

/** Takes a new connection, from the last entry heard: the network is another one now. */
export function renewLive(): void {
  if (state === 'off') return;
  failures = 0;
  open(state);
}

/** The page was hidden, or is seen again. */
export function seeLive(isVisible: boolean): void {
  if (!isVisible) hiddenAt = now();
  else if (now() - hiddenAt > sleptAfterMs) renewLive();
  else wakeLive();
}

function open(as: LiveState): void {
  close();
  state = as;
  const stream = new EventSource(lastId === null ? '/events' : `/events?after=${lastId}`);
  source = stream;
  stream.onopen = () => {
    // A stream that resumes nothing begins now; what was read before may be older than that.
    if (lastId === null) announceGap();
    failures = 0;
    lostAt = null;
    state = 'live';
  };
  // Its id is where the stream begins: what to resume from before the first entry.
  stream.addEventListener('head', (event) => rememberId(event));
  stream.addEventListener('entry', (event) => take(event));
  stream.onerror = () => {
    if (source !== stream) return;
    state = 'reconnecting';
    lostAt ??= now();
    if (stream.readyState === EventSource.CLOSED) retry();
  };
}

function close(): void {
  cancelRetry?.();
  cancelRetry = null;
  source?.close();
  source = null;
}

function retry(): void {
  close();
  cancelRetry = after(backoffMs(failures), () => void reopen());
  failures += 1;
}

/**
 * A stream does not say why it was refused. Either the session has ended, which the check finds
 * out; or all is well but the place to resume from, which a new log does not have.
 */
async function reopen(): Promise<void> {
  const turn = failures;
  const isKnown = failures > refusalsMax && (await session.check());
  if (state !== 'reconnecting' || turn !== failures) return;
  if (isKnown) lastId = null;
  open('reconnecting');
}

function rememberId({ lastEventId }: MessageEvent<string>): void {
  if (lastEventId !== '') lastId = lastEventId;
}

function take(event: MessageEvent<string>): void {
  rememberId(event);
  waiting.push(JSON.parse(event.data) as AuditWire);
  if (waiting.length > waitingMax) {
    waiting = [];
    announceGap();
  } else schedule();
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  nextFrame(deliver);
}

function deliver(): void {
  isScheduled = false;
  const batch = waiting.splice(0, entriesPerFrameMax);
  for (const entry of batch) for (const listener of listeners) listener(entry);
  if (waiting.length > 0) schedule();
}

function announceGap(): void {
  for (const listener of gapListeners) listener();
}
