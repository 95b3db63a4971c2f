/**
 * Audit heads as C2SP checkpoints (c2sp.org/tlog-checkpoint), signed twice by the log itself.
 *
 *   quorate/<federation>/<region>            origin
 *   42                                       size
 *   CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA=     root, base64
 *
 *   — quorate/<…>/<…> base64(key id, Ed25519 signature over the three lines)
 *   — quorate/<…>/<…> base64(key id, seconds, ML-DSA-44 signature over `cosigned_message`)
 *
 * The first is a signed-note signature (c2sp.org/signed-note, type 0x01), the second a
 * tlog-cosignature (c2sp.org/tlog-cosignature, type 0x06). Both are required. There are no
 * extension lines, since an ML-DSA cosignature does not cover them. One head has one text per
 * pair of signatures: anything not spelled as formatCheckpoint() spells it is refused.
 *
 * Pure.
 */
import { sha256 } from '#engine';
import { assert } from '../assert.ts';
import { concatBytes, equalBytes, fromBase64, fromHex, toBase64, utf8 } from '../bytes.ts';
import { type Checked, type Refusal, refuse } from '../checked.ts';
import type { MlDsa44Verifier, Verifier } from '../crypto.ts';
import { hashBytes, type TreeHead } from './proof.ts';

export interface Checkpoint extends TreeHead {
  readonly origin: string;
}

export interface SignedCheckpoint extends Checkpoint {
  /** When the log signed, in seconds since the Unix epoch; covered by the ML-DSA signature. */
  readonly signedAt: number;
  readonly ed25519: Uint8Array;
  readonly mlDsa44: Uint8Array;
  /** The first four bytes of each key's id, as written. */
  readonly keyIds: { readonly ed25519: Uint8Array; readonly mlDsa44: Uint8Array };
}

export interface CheckpointSigner {
  /** Hex, as is the next. */
  readonly publicKey: string;
  readonly publicKeyMlDsa44: string;
  sign(message: Uint8Array): Uint8Array;
  signMlDsa44(message: Uint8Array): Uint8Array;
}

/** A log's keys, as its epoch names them. */
export interface LogKeys {
  readonly logKey: string;
  readonly logKeyMlDsa44: string;
}

export interface CheckpointVerifiers {
  readonly verifier: Verifier;
  readonly mlDsa44: MlDsa44Verifier;
}

const ed25519Type = 0x01;
const mlDsa44Type = 0x06;
const keyIdBytes = 4;
const ed25519Bytes = 64;
const mlDsa44Bytes = 2420;
const timestampBytes = 8;
const cosignedLabel = 'subtree/v1\n\0';
/** A checkpoint of this log has about 3,600 characters. */
const textMax = 8192;
const checkpointPattern = new RegExp(
  '^(?<origin>[!-*,-~]{1,255})\\n(?<size>0|[1-9][0-9]{0,15})\\n(?<root>[^\\n]+)\\n\\n' +
    '— (?<name1>[^ \\n]+) (?<line1>[^ \\n]+)\\n— (?<name2>[^ \\n]+) (?<line2>[^ \\n]+)\\n$',
  'u',
);

/** The name of a region's audit log. */
export function originOf(federation: string, region: string): string {
  return `quorate/${federation}/${region}`;
}

/** The note's text: what the Ed25519 signature covers. */
export function checkpointBody({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`;
}

/** Signs a head with both keys. `signedAt` is in seconds since the Unix epoch. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  signedAt: number,
  signer: CheckpointSigner,
): string {
  assert(Number.isSafeInteger(signedAt) && signedAt >= 0, 'a time in whole seconds');
  const { origin } = checkpoint;
  return formatCheckpoint({
    ...checkpoint,
    signedAt,
    ed25519: signer.sign(utf8(checkpointBody(checkpoint))),
    mlDsa44: signer.signMlDsa44(cosignedMessage(checkpoint, signedAt)),
    keyIds: {
      ed25519: keyId(origin, ed25519Type, signer.publicKey),
      mlDsa44: keyId(origin, mlDsa44Type, signer.publicKeyMlDsa44),
    },
  });
}

export function formatCheckpoint(signed: SignedCheckpoint): string {
  const { origin, keyIds } = signed;
  const first = toBase64(concatBytes(keyIds.ed25519, signed.ed25519));
  const second = toBase64(concatBytes(keyIds.mlDsa44, uint64(signed.signedAt), signed.mlDsa44));
  return `${checkpointBody(signed)}\n— ${origin} ${first}\n— ${origin} ${second}\n`;
}

/** Reads exactly what formatCheckpoint() writes. */
export function parseCheckpoint(
  text: string,
): { readonly ok: true; readonly checkpoint: SignedCheckpoint } | Refusal {
  const match = text.length <= textMax ? checkpointPattern.exec(text) : null;
  const {
    origin = '',
    size = '',
    root = '',
    name1,
    line1 = '',
    name2,
    line2 = '',
  } = match?.groups ?? {};
  if (!match) return refuse('', 'not a checkpoint with two signature lines');
  if (name1 !== origin || name2 !== origin) return refuse('', 'a signature of another name');
  const hash = base64OfLength(root, hashBytes);
  const first = base64OfLength(line1, keyIdBytes + ed25519Bytes);
  const second = base64OfLength(line2, keyIdBytes + timestampBytes + mlDsa44Bytes);
  if (!hash || !first || !second) return refuse('', 'root or signature is not spelled right');
  const signedAt = readUint64(second.subarray(keyIdBytes));
  if (!Number.isSafeInteger(Number(size)) || signedAt === null) {
    return refuse('', 'a number is out of range');
  }
  const checkpoint: SignedCheckpoint = {
    origin,
    size: Number(size),
    root: hash,
    signedAt,
    ed25519: first.subarray(keyIdBytes),
    mlDsa44: second.subarray(keyIdBytes + timestampBytes),
    keyIds: {
      ed25519: first.subarray(0, keyIdBytes),
      mlDsa44: second.subarray(0, keyIdBytes),
    },
  };
  return { ok: true, checkpoint };
}

/** Whether both of the log's keys signed this head. The caller compares the origin. */
export function verifyCheckpoint(
  signed: SignedCheckpoint,
  keys: LogKeys,
  verifiers: CheckpointVerifiers,
): Checked {
  const { origin, keyIds } = signed;
  if (!equalBytes(keyIds.ed25519, keyId(origin, ed25519Type, keys.logKey))) {
    return refuse('', 'an Ed25519 key id of another key');
  }
  if (!equalBytes(keyIds.mlDsa44, keyId(origin, mlDsa44Type, keys.logKeyMlDsa44))) {
    return refuse('', 'an ML-DSA-44 key id of another key');
  }
  const body = utf8(checkpointBody(signed));
  if (!verifiers.verifier.verify(keys.logKey, body, signed.ed25519)) {
    return refuse('', 'the Ed25519 signature does not verify');
  }
  const message = cosignedMessage(signed, signed.signedAt);
  if (!verifiers.mlDsa44.verify(keys.logKeyMlDsa44, message, signed.mlDsa44)) {
    return refuse('', 'the ML-DSA-44 signature does not verify');
  }
  return { ok: true };
}

/** The `cosigned_message` structure; the log cosigns its own checkpoint, so both names are one. */
function cosignedMessage({ origin, size, root }: Checkpoint, signedAt: number): Uint8Array {
  const name = utf8(origin);
  assert(name.length >= 1 && name.length <= 255, 'an origin has 1 to 255 bytes');
  const prefixed = concatBytes(Uint8Array.of(name.length), name);
  return concatBytes(
    utf8(cosignedLabel),
    prefixed,
    uint64(signedAt),
    prefixed,
    uint64(0),
    uint64(size),
    root,
  );
}

/** SHA-256(name, newline, type, key), its first four bytes. */
function keyId(name: string, type: number, publicKey: string): Uint8Array {
  const input = concatBytes(utf8(`${name}\n`), Uint8Array.of(type), fromHex(publicKey));
  return sha256(input).subarray(0, keyIdBytes);
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

function readUint64(bytes: Uint8Array): number | null {
  const value = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  return Number.isSafeInteger(value) ? value : null;
}

function base64OfLength(text: string, length: number): Uint8Array | null {
  try {
    const bytes = fromBase64(text);
    return bytes.length === length ? bytes : null;
  } catch {
    return null; // not base64, or not its canonical spelling
  }
}
