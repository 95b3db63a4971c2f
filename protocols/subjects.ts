/**
 * Names of the channels between regions: the subject of every message names federation, sender
 * and kind, so that a server's permissions can hold a region to its own (spec 11).
 *
 *   quorate.<federation>.<sender>.<kind>          to everybody
 *   quorate.<federation>.<sender>.to.<receiver>   to one member
 *
 * Names of federations and regions hold no dots (messages/common.ts), so each is one token.
 *
 * Pure.
 */

/**
 * `votes` is traffic that only matters now. `documents` are approvals, stops and results: a
 * fabric may keep them for members that are away. `presence` says who is there.
 */
export const broadcastKinds = ['votes', 'documents', 'presence'] as const;
export type BroadcastKind = (typeof broadcastKinds)[number];

const root = 'quorate';

export function broadcastSubject(federation: string, sender: string, kind: BroadcastKind): string {
  return `${root}.${federation}.${sender}.${kind}`;
}

export function directSubject(federation: string, sender: string, receiver: string): string {
  return `${root}.${federation}.${sender}.to.${receiver}`;
}

/** Everything one region may say. */
export function ownSubjects(federation: string, region: string): string {
  return `${root}.${federation}.${region}.>`;
}

/** Everything one region may hear. */
export function heardSubjects(federation: string, region: string): readonly string[] {
  return [
    ...broadcastKinds.map((kind) => broadcastSubject(federation, '*', kind)),
    directSubject(federation, '*', region),
  ];
}

/** The stream that keeps documents for members that are away. */
export function documentStream(federation: string): string {
  return `quorate_${federation}_documents`;
}

/** Who sent a message, by the subject it came on; null when it is none of ours. */
export function senderOf(subject: string, federation: string): string | null {
  const [first, second, sender, ...rest] = subject.split('.');
  return first === root && second === federation && sender && rest.length > 0 ? sender : null;
}
