/**
 * A stream that a person may be looking at: how wide it is, what it can show, and one line at its
 * end that is rewritten in place.
 *
 * Colour follows the terminal and NO_COLOR, FORCE_COLOR and TERM, as Node's styleText reads them.
 */
import { styleText } from 'node:util';

/** What we use of colour, by what it says. */
export type Tone = 'bold' | 'dim' | 'green' | 'yellow' | 'red' | 'cyan';
export type Style = (tone: Tone, text: string) => string;

export interface Screen {
  /** Whether a person looks at it. */
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly style: Style;
  write(line: string): void;
  /** Replaces the line at the end; an empty text takes it away. Nothing on a dumb terminal. */
  status(text: string): void;
}

/** Longer lines are hard to read, shorter ones hold no sentence. */
const columnsMax = 100;
const columnsMin = 40;
const eraseLine = '\r\u001B[2K';

export function openScreen(stream: NodeJS.WriteStream, terminal: string | undefined): Screen {
  const isTerminal = stream.isTTY === true;
  const canRewrite = isTerminal && terminal !== 'dumb';
  let shown = '';
  const columns = () => Math.max(columnsMin, Math.min(columnsMax, stream.columns || columnsMax));
  const style: Style = (tone, text) => styleText(tone, text, { stream });
  return {
    isTerminal,
    style,
    get columns() {
      return columns();
    },
    write(line) {
      stream.write(shown === '' ? `${line}\n` : `${eraseLine}${line}\n${shown}`);
    },
    status(text) {
      if (!canRewrite) return;
      // One column stays free: a full line would wrap, and then it cannot be erased.
      const next = text === '' ? '' : style('dim', text.slice(0, columns() - 1));
      if (next === shown) return;
      stream.write(shown === '' ? next : eraseLine + next);
      shown = next;
    },
  };
}
