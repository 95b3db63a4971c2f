/** What a checker is: it sees the history and reports what must never happen. */
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Epoch } from '#protocols/messages/epoch.ts';
import type { Happening } from '../history.ts';

export interface Checker {
  /** `I1` and so on, as in docs/ARCHITECTURE.md section 5. */
  readonly invariant: string;
  see(happening: Happening, atMs: number): void;
  /** When the world has ended: what should have happened by then. */
  finish?(atMs: number): void;
}

export interface CheckContext {
  readonly federation: string;
  readonly epoch: Epoch;
  /** Whether every signature of the certificate verifies. */
  verify(certificate: Certificate): boolean;
  /** Called with a sentence; the world adds invariant, seed and time. */
  report(what: string): void;
}
