/**
 * An inclusion proof as a drawing: two columns, the leaf at the bottom, the root on top.
 *
 *        root       = signed?
 *       /    \
 *    node   sibling        the computed hash climbs, the sibling stands on its own side of it
 *     |   \
 *    leaf  sibling
 */
import type { Climb, ClimbStep } from './inclusion.ts';

export interface Box {
  readonly kind: 'leaf' | 'sibling' | 'node' | 'root';
  readonly hash: string;
  readonly label: string;
  readonly x: number;
  readonly y: number;
}

export interface Line {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
  readonly isPath: boolean;
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly Box[];
  readonly lines: readonly Line[];
}

export const boxSize = { width: 138, height: 36 };
const gap = { x: 18, y: 20 };

/** Two columns: the computed hash climbs, the sibling stands on its own side of it. */
export function drawClimb({ leaf, steps, index }: Climb): Drawing {
  const left = 0;
  const right = boxSize.width + gap.x;
  const rise = boxSize.height + gap.y;
  const height = steps.length * rise + boxSize.height;
  const boxes: Box[] = [];
  const lines: Line[] = [];
  let kind: Box['kind'] = steps.length === 0 ? 'root' : 'leaf';
  let hash = leaf;
  let label = `entry ${index}`;
  for (const [level, step] of steps.entries()) {
    const y = height - boxSize.height - level * rise;
    const own = step.side === 'left' ? right : left;
    const other = own === left ? right : left;
    boxes.push({ kind, hash, label, x: own, y });
    boxes.push({ kind: 'sibling', hash: step.sibling, label: siblingLabel(step), x: other, y });
    const next = steps[level + 1];
    const above = next?.side === 'left' ? right : left;
    const top = next ? above : right / 2;
    lines.push(lineUp(own, y, top, true), lineUp(other, y, top, false));
    kind = next ? 'node' : 'root';
    hash = step.parent;
    label = next ? `entries ${step.from}–${step.to}` : 'root';
  }
  boxes.push({ kind, hash, label, x: steps.length === 0 ? left : right / 2, y: 0 });
  return { width: right + boxSize.width, height, boxes, lines };
}

function siblingLabel({ side }: ClimbStep): string {
  return `${side} sibling`;
}

function lineUp(from: number, y: number, to: number, isPath: boolean): Line {
  const half = boxSize.width / 2;
  return { x1: from + half, y1: y, x2: to + half, y2: y - gap.y, isPath };
}
