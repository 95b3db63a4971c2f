/**
 * What `npm run console` makes: whether it is small, runs in a browser and keeps to the
 * Content-Security-Policy, and whether its verifier is the portable one.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOf, toBase64, utf8 } from '#protocols/bytes.ts';
import { canonicalBytes } from '#protocols/canonical.ts';
import { trustRootBytes, trustRootOf } from '#protocols/epochs/trust.ts';
import { originOf, signCheckpoint } from '#protocols/merkle/checkpoint.ts';
import { verifyDocument } from '#protocols/verify-document.ts';
import { openVerifiers } from '#regions/offline.ts';
import { certify, federation, logSignerOf } from '#test/support/federation-fixture.ts';
import {
  genesis,
  instance,
  manifest,
  members,
  receiptOf,
  region,
} from '#test/support/receipt-fixture.ts';
import { root } from '#test/support/source-files.ts';

/** All of it, gzipped. */
const totalBytesMax = 250 * 1024;
/** What the first page needs before it shows anything: the entry and what it names. */
const firstBytesMax = 80 * 1024;

const configFile = join(root, 'gateway/console/vite.config.ts');
let chunks: readonly Rolldown.OutputChunk[] = [];
let files: readonly { readonly name: string; readonly text: string }[] = [];
let folder = '';

beforeAll(async () => {
  const built = (await build({
    configFile,
    logLevel: 'error',
    build: { write: false },
  })) as Rolldown.RolldownOutput;
  chunks = built.output.filter((file) => file.type === 'chunk');
  files = built.output.map((file) => ({
    name: file.fileName,
    text: file.type === 'chunk' ? file.code : Buffer.from(file.source).toString(),
  }));
  folder = await mkdtemp(join(tmpdir(), 'quorate-console-'));
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the bundle holds no module of node and nothing of the server', () => {
  const modules = chunks.flatMap(({ moduleIds }) => moduleIds).map((id) => id.replace(root, ''));
  const server = /^(?:fabric|regions|agents|sim|gateway\/(?!console\/|words\.ts))/;
  const foreign = modules.filter(
    (id) => server.test(id) || /__vite-browser-external|^node:/.test(id),
  );
  expect(foreign).toEqual([]);
  expect(modules).toContain('protocols/portable-engine.ts');
});

test('the console is small, and loads its verifier only when somebody verifies', () => {
  const sizes = files.map(({ name, text }) => ({ name, bytes: gzipSync(text).length }));
  const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(total, JSON.stringify(sizes)).toBeLessThan(totalBytesMax);
  const first = namesFrom(chunks.find(({ isEntry }) => isEntry)?.fileName ?? '');
  const firstBytes = sizes
    .filter(({ name }) => first.has(name) || name === 'index.html')
    .reduce((sum, { bytes }) => sum + bytes, 0);
  expect(firstBytes).toBeLessThan(firstBytesMax);
  expect(first).not.toContain(chunkWith('protocols/verify-document.ts').fileName);
});

test('no page or script needs what the policy forbids', () => {
  const page = files.find(({ name }) => name === 'index.html')?.text ?? '';
  expect(page.match(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|data:|https?:/g)).toBeNull();
  const markup = files.filter(
    ({ name, text }) => name.endsWith('.js') && /<\w[^>`]* style="/.test(text),
  );
  expect(markup.map(({ name }) => name)).toEqual([]);
  expect(files.filter(({ text }) => text.includes('sourceMappingURL='))).toEqual([]);
});

// Goal: the browser judges as the regions do. Method: the verifier, built as for the browser,
// runs where code from strings is forbidden as the policy forbids it, and is asked about a good
// receipt, certificate and audit head, and about each with one changed byte.
test('the built verifier agrees with the native one and makes no code from strings', async () => {
  const script = join(folder, 'ask.mjs');
  await buildVerifier();
  await writeFile(
    script,
    `import { readFileSync } from 'node:fs';
     import { verify, fingerprintOf } from './verifier.js';
     const { root, documents } = JSON.parse(readFileSync(0, 'utf8'));
     const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));
     const answers = documents.map((text) => verify(bytes(text), bytes(root)));
     console.log(JSON.stringify({ fingerprint: fingerprintOf(bytes(root)), answers }));`,
  );
  const trust = { root: trustRootOf(genesis), verifiers: openVerifiers() };
  const input = { root: toBase64(trustRootBytes(trust.root)), documents: documents.map(toBase64) };
  const output = execFileSync(
    process.execPath,
    ['--disallow-code-generation-from-strings', script],
    { input: JSON.stringify(input), encoding: 'utf8', timeout: 60_000 },
  );
  const { fingerprint, answers } = JSON.parse(output) as Record<string, unknown>;
  expect(fingerprint).toBe(trust.root.fingerprint);
  const expected = documents.map((bytes) => verifyDocument(bytes, trust));
  expect(answers).toEqual(JSON.parse(JSON.stringify(expected)));
  expect(expected.map(({ ok }) => ok)).toEqual([true, true, true, false, false, false]);
}, 60_000);

const good = [
  canonicalBytes(receiptOf().receipt),
  canonicalBytes(
    certify(members.slice(0, 2), { instance, value: digestOf(canonicalBytes(manifest)) }),
  ),
  utf8(
    signCheckpoint(
      { origin: originOf(federation, region), size: 3, root: new Uint8Array(32) },
      1_767_614_400,
      logSignerOf(region),
    ),
  ),
];
const documents = [...good, ...good.map(withOneBitChanged)];

function withOneBitChanged(bytes: Uint8Array): Uint8Array {
  const changed = bytes.slice();
  // In the last signature, which is at the end of each of them.
  const at = changed.length - 40;
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}

async function buildVerifier(): Promise<void> {
  await build({
    configFile,
    logLevel: 'error',
    build: {
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: {
        input: { verifier: join(root, 'gateway/console/src/lib/verifier.ts') },
        preserveEntrySignatures: 'strict',
        output: { entryFileNames: '[name].js' },
      },
    },
  });
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
}

function chunkWith(module: string): Rolldown.OutputChunk {
  const found = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(module)));
  if (!found) throw new Error(`${module} is in no chunk`);
  return found;
}

/** A chunk and all that it imports without being asked. */
function namesFrom(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  const chunk = chunks.find(({ fileName }) => fileName === name);
  for (const imported of chunk?.imports ?? []) namesFrom(imported, seen);
  return seen;
}
