/** Numbers, times and identifiers as people read them. Pure. */

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** `2026-11-21 08:05:02`, in the reader's time zone unless told otherwise. */
export function when(at: string | number, timeZone?: string): string {
  const parts = new Intl.DateTimeFormat('sv-SE', {
    dateStyle: 'short',
    timeStyle: 'medium',
    ...(timeZone !== undefined && { timeZone }),
  });
  return parts.format(new Date(at));
}

/** `just now`, `12 s ago`, `in 4 min`, `3 h ago`, `5 d ago`. */
export function ago(at: string | number, now: number): string {
  const past = now - new Date(at).getTime();
  const distance = Math.abs(past);
  if (distance < secondMs) return 'just now';
  const text = largestUnit(distance);
  return past > 0 ? `${text} ago` : `in ${text}`;
}

function largestUnit(ms: number): string {
  if (ms < minuteMs) return `${Math.floor(ms / secondMs)} s`;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.floor(ms / dayMs)} d`;
}

/** `85 ms`, `1.4 s`, `3 min 05 s`, `2 h 07 min`, `3 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / secondMs).toFixed(1)} s`;
  if (ms < minuteMs - 500) return `${Math.round(ms / secondMs)} s`;
  const seconds = Math.round(ms / secondMs);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${twoDigits(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/** A share between 0 and 1: `7%`, `42%`, `99.5%`. */
export function percent(share: number): string {
  const value = share * 100;
  // Close to an end a rounded number would claim certainty.
  if ((value > 99 && value < 100) || (value > 0 && value < 1)) {
    return value > 50 ? `${Math.floor(value * 10) / 10}%` : `${Math.ceil(value * 10) / 10}%`;
  }
  return `${Math.round(value)}%`;
}

/** A price or a change of one: `+$0.12`, `-€3.00`; with its sign when it is a change. */
export function money(amount: number, currency: string, isChange = false): string {
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency,
    signDisplay: isChange ? 'exceptZero' : 'auto',
  }).format(amount);
}

/** `1,234` */
export function count(value: number): string {
  return new Intl.NumberFormat('en-US').format(value);
}

/** `12 decisions`, `1 decision`. */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`;
}

/** `1.2 MiB` */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let scaled = value;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? scaled : scaled.toFixed(1)} ${units[unit]}`;
}

/** The first characters of an id or digest, without the name of its algorithm. */
export function shortId(id: string, length = 8): string {
  return id.replace(/^sha256:/, '').slice(0, length);
}
