/** Key pairs for tests, made from a number so that failures repeat. */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import { sha256 } from '#engine';
import type { LogSigner, Signer } from '#fabric/ports.ts';
import { concatBytes, fromHex, toHex, utf8 } from '#protocols/bytes.ts';

const ed25519Prefix = fromHex('302e020100300506032b657004220420');
/** RFC 9881: an ML-DSA-44 private key as its 32-byte seed. */
const mlDsa44Prefix = fromHex('3034020100300b060960864801650304031104228020');

/** The Ed25519 signer of a name. */
export function testSigner(name: string): Signer {
  return signerOf(privateKey(ed25519Prefix, name), 32);
}

/** The salt of a row. */
export function testSalt(name: string): string {
  return toHex(sha256(utf8(`salt of ${name}`)));
}

/** The two keys of a region's audit log. */
export function testLogSigner(name: string): LogSigner {
  const log = signerOf(privateKey(ed25519Prefix, `${name}/log`), 32);
  const mlDsa44 = signerOf(privateKey(mlDsa44Prefix, `${name}/log`), 1312);
  return { ...log, publicKeyMlDsa44: mlDsa44.publicKey, signMlDsa44: mlDsa44.sign };
}

function privateKey(prefix: Uint8Array, name: string): KeyObject {
  const der = Buffer.from(concatBytes(prefix, sha256(utf8(name))));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

function signerOf(key: KeyObject, length: number): Signer {
  const der = createPublicKey(key).export({ format: 'der', type: 'spki' });
  return {
    publicKey: toHex(new Uint8Array(der.subarray(der.length - length))),
    sign: (message) => new Uint8Array(sign(null, message, key)),
  };
}
