/**
 * The history of a world: what was said, what became durable, what was done to targets.
 *
 * Taken from outside the regions, at the network, the disks and the cluster, so that a checker
 * sees what really happened and not what a region believes. Everything is told in order.
 */
import type { Enact } from '#fabric/ports.ts';
import { digestOf, fromUtf8 } from '#protocols/bytes.ts';
import type { AuditEntry } from '#protocols/messages/audit.ts';
import type { SignedVote } from '#protocols/messages/ballot.ts';
import type { Certificate } from '#protocols/messages/certificate.ts';
import type { Stop } from '#protocols/messages/enactment.ts';
import type { TurnMessage } from '#protocols/messages/fabric.ts';
import type { Manifest } from '#protocols/messages/manifest.ts';
import type { DurableOp } from './disk.ts';

export type Happening = { readonly region: string } & (
  | { readonly type: 'node.started' | 'node.crashed' }
  /** In a message of the region: its own vote, or another's that it passes on. */
  | { readonly type: 'vote.said'; readonly vote: SignedVote }
  | { readonly type: 'certificate.said'; readonly certificate: Certificate }
  /** The region's own vote is on its disk. */
  | { readonly type: 'vote.durable'; readonly vote: SignedVote }
  | { readonly type: 'certificate.durable'; readonly certificate: Certificate }
  | { readonly type: 'manifest.durable'; readonly digest: string; readonly manifest: Manifest }
  | { readonly type: 'entry.durable'; readonly entry: AuditEntry; readonly bytes: Uint8Array }
  | { readonly type: 'entry.removed'; readonly key: string }
  | { readonly type: 'apply.called' | 'apply.done'; readonly enact: Enact }
  | { readonly type: 'apply.fenced'; readonly enact: Enact }
  | { readonly type: 'restore.done'; readonly enact: Enact }
  | {
      readonly type: 'stop.asked' | 'stop.done' | 'stop.refused';
      readonly id: number;
      readonly tenant: string;
      readonly target: string | null;
      readonly action: Stop['action'];
    }
);

/** What turns and answers about slots have in common. */
type Said = Partial<Pick<TurnMessage, 'votes' | 'quorums' | 'certificates'>>;

/** Gets every happening with its time, in milliseconds since the world began. */
export type Observer = (happening: Happening, atMs: number) => void;

export class History {
  readonly #now: () => number;
  readonly #observers: readonly Observer[];

  constructor(now: () => number, observers: readonly Observer[]) {
    this.#now = now;
    this.#observers = observers;
  }

  tell(happening: Happening): void {
    const atMs = this.#now();
    for (const observe of this.#observers) observe(happening, atMs);
  }

  /** A message leaves a region. All its votes are told before its certificates. */
  said(region: string, bytes: Uint8Array): void {
    const message = JSON.parse(fromUtf8(bytes)) as Said;
    const quorums = message.quorums ?? [];
    const votes = [...(message.votes ?? []), ...quorums.flatMap(({ quorum }) => quorum.votes)];
    for (const vote of votes) this.tell({ type: 'vote.said', region, vote });
    for (const certificate of message.certificates ?? []) {
      this.tell({ type: 'certificate.said', region, certificate });
    }
  }

  /** A batch is on a region's disk. The store's keys are those of fabric/host/. */
  durable(region: string, ops: readonly DurableOp[]): void {
    for (const { key, value } of ops) {
      if (value) this.#put(region, key, value);
      else if (key.startsWith('audit/')) this.tell({ type: 'entry.removed', region, key });
    }
  }

  #put(region: string, key: string, value: Uint8Array): void {
    const kind = key.slice(0, key.indexOf('/'));
    if (kind === 'audit') {
      this.tell({ type: 'entry.durable', region, entry: parse(value), bytes: value });
    } else if (kind === 'cert') {
      this.tell({ type: 'certificate.durable', region, certificate: parse(value) });
    } else if (kind === 'ballot') {
      for (const vote of parse<{ own: readonly SignedVote[] }>(value).own) {
        this.tell({ type: 'vote.durable', region, vote });
      }
    } else if (kind === 'body') {
      const manifest = parse<Manifest>(value);
      if (manifest.type !== 'manifest/1') return;
      this.tell({ type: 'manifest.durable', region, digest: digestOf(value), manifest });
    }
  }
}

function parse<T>(bytes: Uint8Array): T {
  return JSON.parse(fromUtf8(bytes)) as T;
}
