/** Everything that is computed from the audit log alone: each entry is read once for all. */
import type { AuditEntry } from '#protocols/messages/audit.ts';
import { Counts } from './counts.ts';
import { Histories } from './history.ts';
import { IncidentBook } from './incidents.ts';

export class LogReaders {
  readonly counts = new Counts();
  readonly histories = new Histories();
  readonly incidents = new IncidentBook();

  add(entry: AuditEntry): void {
    this.counts.add(entry);
    this.histories.add(entry);
    this.incidents.add(entry);
  }
}
