/**
 * The project's source files, read and parsed once, for the tests that look at code.
 *
 * Vitest brings a parser (`parseAst`); a scanner of our own would guess at regular expressions.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse as parseSvelte } from 'svelte/compiler';
import { parseAst } from 'vitest/node';

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** The folders that hold code; anything else at the top is refused by tidy.test.ts. */
export const sourceFolders = [
  'agents',
  'docs',
  'fabric',
  'gateway',
  'protocols',
  'regions',
  'sim',
  'test',
] as const;

/** A node of the syntax tree: ESTree with offsets. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** Every node of the syntax tree. */
  readonly nodes: readonly SyntaxNode[];
  lineAt(offset: number): number;
}

/** What a build left beside its sources. */
const built = /^gateway\/console\/dist\//;

/** Every .ts, .js and .svelte file of the source folders and of the root, parsed. */
export function readSources(): readonly SourceFile[] {
  const paths = sourceFolders.flatMap((folder) => walk(folder)).concat(topLevelFiles());
  return paths.filter((path) => /\.(?:ts|js|svelte)$/.test(path) && !built.test(path)).map(parse);
}

export function childrenOf(node: SyntaxNode): readonly SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (const key in node) {
    const value = node[key];
    if (Array.isArray(value)) children.push(...value.filter(isNode));
    else if (isNode(value)) children.push(value);
  }
  return children;
}

function isNode(value: unknown): value is SyntaxNode {
  // The fragments of a Svelte component have no place of their own; their content has.
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    ('start' in value || value.type === 'Fragment')
  );
}

function walk(folder: string): readonly string[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'))
    .sort();
}

function topLevelFiles(): readonly string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name);
}

function parse(path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const nodes = [treeOf(path, text)];
  for (let next = 0; next < nodes.length; next += 1) {
    nodes.push(...childrenOf(nodes[next] as SyntaxNode));
  }
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineAt = (offset: number) => 1 + starts.findLastIndex((start) => start <= offset);
  return { path, text, lines: text.split('\n'), nodes, lineAt };
}

function treeOf(path: string, text: string): SyntaxNode {
  if (path.endsWith('.svelte')) {
    return parseSvelte(text, { modern: true }) as unknown as SyntaxNode;
  }
  const lang = path.endsWith('.ts') ? 'ts' : 'js';
  return parseAst(text, { lang, astType: lang }) as unknown as SyntaxNode;
}
