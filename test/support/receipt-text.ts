/** What a receipt says where nobody reads it at first glance: its bodies are in base64. */
import { fromBase64, fromUtf8 } from '#protocols/bytes.ts';
import type { Receipt } from '#protocols/messages/receipt.ts';

/** Manifests, the candidates', approvals and epochs, each as it reads. */
export function bodiesOf({ manifest, candidates, approvals, epochs }: Receipt): readonly string[] {
  const bodies = [
    ...(manifest === null ? [] : [manifest]),
    ...candidates.map((candidate) => candidate.manifest),
    ...[...approvals, ...epochs].map(({ payload }) => payload),
  ];
  return bodies.map((body) => fromUtf8(fromBase64(body)));
}
