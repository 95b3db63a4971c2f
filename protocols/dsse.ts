/**
 * DSSE envelopes: signed documents (secure-systems-lab/dsse, protocol 1.0.2).
 *
 *   signed bytes = "DSSEv1" SP len(type) SP type SP len(payload) SP payload
 *
 * What is verified, hashed and stored is the payload's bytes as they came, never a
 * re-serialisation. The payload type names the kind, so nothing signed for one purpose holds for
 * another. Here every signature of an envelope must verify: one that does not would be cargo
 * that nobody vouches for. Who may sign, and how many must, is for the caller.
 *
 * Pure.
 */
import { concatBytes, equalBytes, fromBase64, toBase64, utf8 } from './bytes.ts';
import { canonicalBytes } from './canonical.ts';
import { type Refusal, refuse, within } from './checked.ts';
import type { Verifier } from './crypto.ts';
import { type DocumentKind, type Envelope, payloadTypeOf } from './messages/envelope.ts';
import { decode, type MessageOf, type MessageType } from './messages/index.ts';

export interface DocumentSigner {
  /** Hex. */
  readonly publicKey: string;
  sign(message: Uint8Array): Uint8Array;
}

export interface OpenedEnvelope {
  readonly ok: true;
  readonly payload: Uint8Array;
  /** The keys whose signatures were verified, each once. */
  readonly signers: readonly string[];
}

export type OpenedDocument<T> = OpenedEnvelope & { readonly document: T };

/** The bytes that are signed: Pre-Authentication Encoding. */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = utf8(payloadType);
  const header = `DSSEv1 ${type.length} ${payloadType} ${payload.length} `;
  return concatBytes(utf8(header), payload);
}

/** An envelope around exactly these bytes. */
export function signEnvelope(
  kind: DocumentKind,
  payload: Uint8Array,
  signers: readonly DocumentSigner[],
): Envelope {
  const payloadType = payloadTypeOf(kind);
  const message = preAuthEncoding(payloadType, payload);
  return {
    payloadType,
    payload: toBase64(payload),
    signatures: signers.map((signer) => ({
      keyid: signer.publicKey,
      sig: toBase64(signer.sign(message)),
    })),
  };
}

/** Checks kind, encodings and every signature. Never throws. */
export function verifyEnvelope(
  envelope: Envelope,
  kind: DocumentKind,
  verifier: Verifier,
): OpenedEnvelope | Refusal {
  if (envelope.payloadType !== payloadTypeOf(kind)) return refuse('payloadType', `not a ${kind}`);
  const payload = base64OrNull(envelope.payload);
  if (!payload) return refuse('payload', 'not canonical base64');
  const message = preAuthEncoding(envelope.payloadType, payload);
  const signers = new Set<string>();
  for (const [index, { keyid, sig }] of envelope.signatures.entries()) {
    const signature = base64OrNull(sig);
    if (!signature) return refuse(`signatures.${index}.sig`, 'not canonical base64');
    if (!verifier.verify(keyid, message, signature)) {
      return refuse(`signatures.${index}.sig`, 'the signature does not verify');
    }
    signers.add(keyid);
  }
  if (signers.size === 0) return refuse('signatures', 'nobody signed');
  return { ok: true, payload, signers: [...signers] };
}

/** verifyEnvelope(), and the payload as a document of that kind in its one canonical spelling. */
export function openDocument<K extends DocumentKind>(
  envelope: Envelope,
  kind: K,
  verifier: Verifier,
): OpenedDocument<MessageOf<`${K}/1`>> | Refusal {
  const opened = verifyEnvelope(envelope, kind, verifier);
  if (!opened.ok) return opened;
  const decoded = decodeCanonical(`${kind}/1`, opened.payload);
  if (!decoded.ok) return within('payload', decoded);
  return { ...opened, document: decoded.value };
}

/** The document in these bytes, if they are the canonical spelling of one that fits its schema. */
export function decodeCanonical<T extends MessageType>(
  type: T,
  bytes: Uint8Array,
): { readonly ok: true; readonly value: MessageOf<T> } | Refusal {
  const decoded = decode([type], bytes);
  if (!decoded.ok) return refuse(decoded.field, decoded.reason);
  if (!equalBytes(canonicalBytes(decoded.value), bytes)) return refuse('', 'not canonical JSON');
  return decoded;
}

function base64OrNull(text: string): Uint8Array | null {
  try {
    return fromBase64(text);
  } catch {
    return null; // not base64, or not its canonical spelling
  }
}
