import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKeystore, openSigner, regionKeys, signerFromPem } from '#fabric/keys/keystore.ts';
import { nativeMlDsa44Verifier, nativeVerifier } from '#fabric/keys/verify.ts';
import { utf8 } from '#protocols/bytes.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'quorate-keys-'));
});
afterEach(() => rm(dir, { recursive: true }));

const open = (create: boolean) => openKeystore(join(dir, 'keys'), regionKeys, { create });

test('keys are made once, kept in files only their owner can read, and sign', async () => {
  const first = await open(true);
  const second = await open(false);
  expect(second.signer.publicKey).toBe(first.signer.publicKey);
  expect(second.logSigner.publicKeyMlDsa44).toBe(first.logSigner.publicKeyMlDsa44);
  expect(first.logSigner.publicKey).not.toBe(first.signer.publicKey);

  const files = await readdir(join(dir, 'keys'));
  expect(files.sort()).toEqual(['log-ml-dsa-44.pem', 'log.pem', 'member.pem']);
  for (const file of files) expect((await stat(join(dir, 'keys', file))).mode & 0o777).toBe(0o600);

  const message = utf8('m');
  const { signer, logSigner } = second;
  const verifier = nativeVerifier();
  expect(verifier.verify(signer.publicKey, message, signer.sign(message))).toBe(true);
  expect(verifier.verify(logSigner.publicKey, message, logSigner.sign(message))).toBe(true);
  const signature = logSigner.signMlDsa44(message);
  expect(nativeMlDsa44Verifier().verify(logSigner.publicKeyMlDsa44, message, signature)).toBe(true);
});

test('two starts at once end up with the same keys', async () => {
  const [a, b] = await Promise.all([open(true), open(true)]);
  expect(a.signer.publicKey).toBe(b.signer.publicKey);
});

test('a missing key is an error that names the file', async () => {
  const file = join(dir, 'keys', 'member.pem');
  await expect(open(false)).rejects.toMatchObject({ code: 'config', field: file });
});

test('a key that others can read is refused by name', async () => {
  await open(true);
  const file = join(dir, 'keys', 'log.pem');
  await chmod(file, 0o640);
  await expect(open(true)).rejects.toMatchObject({
    code: 'config',
    field: file,
    message: expect.stringContaining('chmod 600'),
  });
});

test('a key file without a key, with an encrypted one or of another kind is refused', async () => {
  await open(true);
  const member = join(dir, 'keys', 'member.pem');
  const mlDsa44 = await readFile(join(dir, 'keys', 'log-ml-dsa-44.pem'), 'utf8');
  const label = 'ENCRYPTED PRIVATE KEY-----';
  const encrypted = `-----BEGIN ${label}\nAA==\n-----END ${label}`;
  for (const [text, word] of [
    ['nonsense', 'not a private key'],
    [encrypted, 'encrypted'],
    [mlDsa44, 'is ml-dsa-44, not ed25519'],
  ] as const) {
    await writeFile(member, text);
    await expect(openSigner(member, { create: false })).rejects.toMatchObject({
      field: member,
      message: expect.stringContaining(word),
    });
  }
});

test('a signer made from PEM is the one in the file', async () => {
  const file = join(dir, 'approver.pem');
  const made = await openSigner(file, { create: true });
  expect(signerFromPem(await readFile(file, 'utf8')).publicKey).toBe(made.publicKey);
});
