/**
 * What linters do not check: sizes, headers, forbidden sources of surprise, dead files and
 * stale references. Every failure names file and line.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compile } from 'svelte/compiler';
import { expect, test } from 'vitest';
import { references } from '#docs/generate.ts';
import {
  childrenOf,
  readSources,
  root,
  type SourceFile,
  type SyntaxNode,
  sourceFolders,
} from '#test/support/source-files.ts';

const functionLinesMax = 50;
const fileLinesMax = 400;
const columnsMax = 100;
/** Run by a person, npm, a worker or a page, not imported. */
const entryPoints = [
  /^gateway\/quorate\.js$/,
  /^sim\/main\.ts$/,
  /^docs\/(?:generate|screenshots)\.ts$/,
  /^vitest\.config\.ts$/,
  /^gateway\/console\/(?:vite\.config|src\/main)\.ts$/,
  /^test\/bench\/[\w-]+\.ts$/,
  /^test\/.*\.test\.ts$/,
];
/** Used from the command line or by the compiler only. */
const toolPackages = ['@biomejs/biome', '@types/node', 'typescript'];

const sources = readSources();
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  imports: Record<string, string | Record<string, string>>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

test('a function has at most 50 lines', () => {
  const found = sources.flatMap((file) =>
    file.nodes
      .filter(isFunction)
      .filter((node) => !isSuite(node) && !isStepSwitch(file, node))
      .map((node) => ({ node, lines: file.lineAt(node.end) - file.lineAt(node.start) + 1 }))
      .filter(({ lines }) => lines > functionLinesMax)
      .map(({ node, lines }) => `${place(file, node)} has ${lines} lines`),
  );
  expect(found).toEqual([]);
});

test('a file has at most 400 lines of at most 100 columns', () => {
  const tooLong = sources
    .filter((file) => file.lines.length - 1 > fileLinesMax)
    .map((file) => `${file.path} has ${file.lines.length - 1} lines`);
  const tooWide = sources.flatMap((file) =>
    file.lines.flatMap((line, index) =>
      line.length > columnsMax ? [`${file.path}:${index + 1} has ${line.length} columns`] : [],
    ),
  );
  expect([...tooLong, ...tooWide]).toEqual([]);
});

test('protocols and machines start with a header that says what they are', () => {
  const missing = sources
    .filter((file) => file.path.startsWith('protocols/') || file.path.endsWith('.machine.ts'))
    .filter((file) => !file.text.startsWith('/**'))
    .map((file) => file.path);
  expect(missing).toEqual([]);
});

test('time, chance, the environment and the console are used only where they belong', () => {
  const found = sources.flatMap((file) =>
    surprisesOf(file)
      .filter(({ kind }) => !isAllowed(kind, file.path))
      .map(({ kind, node }) => `${place(file, node)} uses ${kind}`),
  );
  expect(found).toEqual([]);
});

test('every file is imported by another one or is an entry point', () => {
  const imported = new Set(sources.flatMap((file) => importsOf(file).flatMap(resolver(file))));
  const dead = sources
    .map((file) => file.path)
    .filter((path) => !imported.has(path) && !entryPoints.some((entry) => entry.test(path)));
  expect(dead).toEqual([]);
});

test('every import of our own names a file that is there', () => {
  const paths = new Set(sources.map((file) => file.path));
  const lost = sources.flatMap((file) =>
    importsOf(file)
      .flatMap(resolver(file))
      .filter((path) => !paths.has(path) && !existsSync(join(root, path)))
      .map((path) => `${file.path} imports ${path}`),
  );
  expect(lost).toEqual([]);
});

test('every dependency is imported somewhere', () => {
  const specifiers = new Set(
    sources.flatMap((file) => importsOf(file).map((specifier) => packageOf(specifier))),
  );
  const declared = [
    ...Object.keys(manifest.dependencies),
    ...Object.keys(manifest.devDependencies),
  ];
  const unused = declared.filter((name) => !specifiers.has(name) && !toolPackages.includes(name));
  expect(unused).toEqual([]);
});

test('every component of the console compiles without a warning', () => {
  const found = sources
    .filter((file) => file.path.endsWith('.svelte'))
    .flatMap((file) =>
      compile(file.text, { filename: file.path, generate: 'client' }).warnings.map(
        ({ code, start }) => `${file.path}:${start?.line ?? 1} ${code}`,
      ),
    );
  expect(found).toEqual([]);
});

test('generated references are up to date: npm run docs', () => {
  for (const { path, text } of references()) {
    expect(readFileSync(join(root, path), 'utf8'), path).toBe(text);
  }
});

test('there is no top-level folder beyond those the architecture names', () => {
  const known = new Set<string>([...sourceFolders, 'node_modules', 'reports', 'var']);
  const unknown = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .filter((name) => !known.has(name));
  expect(unknown).toEqual([]);
});

function place(file: SourceFile, node: SyntaxNode): string {
  return `${file.path}:${file.lineAt(node.start)}`;
}

function isFunction(node: SyntaxNode): boolean {
  return /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
}

/** A function that only groups tests; each test in it is measured by itself. */
function isSuite(node: SyntaxNode): boolean {
  const body = node.body as SyntaxNode;
  return childrenOf(body).some((statement) => {
    const call = statement.expression as SyntaxNode | undefined;
    const callee = call?.callee as SyntaxNode | undefined;
    return /^(?:describe|test|it|beforeEach)$/.test(String(callee?.name));
  });
}

/** The one switch that names every handler may be long; its cases may not. */
function isStepSwitch(file: SourceFile, node: SyntaxNode): boolean {
  const name = (node.id as SyntaxNode | null)?.name;
  return /^protocols\/\w+\/step\.ts$/.test(file.path) && name === 'step';
}

type Surprise =
  | 'Math.random'
  | 'Date.now'
  | 'new Date()'
  | 'performance.now'
  | 'a timer'
  | 'process.env'
  | 'console';

/** Exceptions by name, each with its reason. */
const allowed: Readonly<Record<Surprise, RegExp>> = {
  'Math.random': /^fabric\//,
  // In a browser there is no fabric/: the console has a clock of its own.
  'Date.now': /^(?:fabric|test)\/|^gateway\/console\/src\/lib\/clock\.ts$/,
  'new Date()': /^(?:fabric|test)\//,
  // sim/main.ts reports how long a run took; no simulated world sees it.
  'performance.now': /^(?:fabric|test)\/|^sim\/main\.ts$/,
  // sim/drain.ts lets promises settle between two simulated events.
  'a timer': /^(?:fabric|test)\/|^sim\/drain\.ts$|^gateway\/console\/src\/lib\/clock\.ts$/,
  // Tests read REQUIRE_ALL and PATH.
  'process.env': /^gateway\/main\.ts$|^test\/support\/(?:require|programs)\.ts$/,
  console: /^$/,
};

function isAllowed(kind: Surprise, path: string): boolean {
  return allowed[kind].test(path);
}

function surprisesOf(file: SourceFile): readonly { kind: Surprise; node: SyntaxNode }[] {
  return file.nodes.flatMap((node) => {
    const kind = surpriseOf(node);
    return kind ? [{ kind, node }] : [];
  });
}

function surpriseOf(node: SyntaxNode): Surprise | null {
  if (node.type === 'NewExpression') {
    const callee = node.callee as SyntaxNode;
    const isBare = (node.arguments as readonly unknown[]).length === 0;
    return callee.name === 'Date' && isBare ? 'new Date()' : null;
  }
  if (node.type === 'CallExpression') {
    const name = String((node.callee as SyntaxNode).name);
    return /^set(?:Timeout|Interval|Immediate)$/.test(name) ? 'a timer' : null;
  }
  if (node.type !== 'MemberExpression') return null;
  const object = (node.object as SyntaxNode).name;
  const member = `${object}.${(node.property as SyntaxNode).name}`;
  if (object === 'console') return 'console';
  const members: readonly Surprise[] = [
    'Math.random',
    'Date.now',
    'performance.now',
    'process.env',
  ];
  return members.find((known) => known === member) ?? null;
}

/** The specifiers of static, dynamic and worker imports. */
function importsOf(file: SourceFile): readonly string[] {
  return file.nodes.flatMap((node) => {
    const isWorkerUrl = node.type === 'NewExpression' && (node.callee as SyntaxNode).name === 'URL';
    const [argument] = (isWorkerUrl ? node.arguments : []) as readonly SyntaxNode[];
    const source = (node.source ?? argument) as SyntaxNode | undefined;
    const value = source?.value;
    if (typeof value !== 'string') return [];
    return isWorkerUrl && !/^\..*\.(?:ts|js)$/.test(value) ? [] : [value];
  });
}

/** Paths of our own that a specifier means; none for a package. */
function resolver(file: SourceFile): (specifier: string) => readonly string[] {
  return (specifier) => {
    if (specifier.startsWith('.')) return [join(dirname(file.path), specifier)];
    if (!specifier.startsWith('#')) return [];
    for (const [name, target] of Object.entries(manifest.imports)) {
      const targets = typeof target === 'string' ? [target] : Object.values(target);
      const prefix = name.replace('*', '');
      if (name === specifier) return targets.map((path) => path.slice(2));
      if (name.endsWith('*') && specifier.startsWith(prefix)) {
        const rest = specifier.slice(prefix.length);
        return targets.map((path) => path.slice(2).replace('*', rest));
      }
    }
    return [];
  };
}

function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return specifier.startsWith('@') ? parts.slice(0, 2).join('/') : String(parts[0]);
}
