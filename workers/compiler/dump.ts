/**
 * What was made of a code, as text for people: its blocks with their gas and stack, which tier took
 * it, the nodes of tier 2 with what is known where each begins, and the functions in the manner of
 * the WebAssembly text format.
 */
import { toHex } from '../../state/base/bytes.js';
import { type InterpretedFork, OPCODES } from '../kernel/opcode-table.js';
import { type Block, cutIntoBlocks, isPush, opcodesOf } from './blocks.js';
import { compileTier1 } from './tier1.js';
import { compileTier2 } from './tier2.js';
import { type Node, NodeGraph } from './tier2-nodes.js';
import { Shape } from './tier2-shape.js';
import { Unsuitable } from './unsuitable.js';
import { textOfModule } from './wasm-text.js';
import { LIMBS } from './word.js';

/** The smallest memory that a module can name: the dump is not run. */
const MEMORY_PAGES = 1;
const NAMES: ReadonlyMap<number, string> = new Map(OPCODES.map(({ code, name }) => [code, name]));

/** @param tier  1: as if tier 2 had refused it */
export function dumpCode(code: Uint8Array, fork: InterpretedFork, tier: 1 | 2 = 2): string {
  const opcodes = opcodesOf(fork);
  const blocks = cutIntoBlocks(code, opcodes);
  const lines = [`code of ${code.length} bytes, ${fork}: ${blocks.all.length} blocks`, ''];
  for (const block of blocks.all) lines.push(...linesOfBlock(block), '');
  if (tier === 2) lines.push(...linesOfNodes(code, fork), '');
  const second = tier === 2 ? compileTier2(code, opcodes, MEMORY_PAGES) : null;
  const module = second ?? compileTier1(code, opcodes, MEMORY_PAGES);
  if (module === null) return [...lines, 'over the limits: interpreted', ''].join('\n');
  lines.push(`tier ${second === null ? 1 : 2}: ${module.length} bytes of WebAssembly`);
  return [...lines, textOfModule(module), ''].join('\n');
}

function linesOfBlock({ pc, instructions, end, nextPc, need }: Block): string[] {
  const lines = [`block ${pc}: takes ${need.takes}, grows by ${need.grows}`];
  for (const { pc: at, code, value, gas, stack } of instructions) {
    const name = NAMES.get(code) ?? `0x${code.toString(16).padStart(2, '0')}`;
    const notes = [
      ...(gas > 0 ? [`charges ${gas}`] : []),
      ...(stack === null ? [] : [`asks for ${stack.takes}, ${stack.grows} more`]),
    ];
    const operand = isPush(code) ? ` 0x${value.toString(16)}` : '';
    const note = notes.length > 0 ? `  ; ${notes.join(', ')}` : '';
    lines.push(`  ${String(at).padStart(5)} ${name}${operand}${note}`);
  }
  return [...lines, `  ${end}${end === 'falls' || end === 'messages' ? `, then ${nextPc}` : ''}`];
}

function linesOfNodes(code: Uint8Array, fork: InterpretedFork): string[] {
  try {
    const graph = new NodeGraph(cutIntoBlocks(code, opcodesOf(fork)));
    const shape = new Shape(graph.nodes);
    const functions = new Set(shape.order.map(({ index }) => shape.owner[index]));
    const head = `${shape.order.length} nodes in ${functions.size} functions`;
    return [head, ...shape.order.map((node) => lineOfNode(node, shape))];
  } catch (error) {
    if (error instanceof Unsuitable) return [`not for tier 2: ${error.message}`];
    throw error;
  }
}

/** A stack word is a number, or `?`, or `?4` for one of which four limbs are not known. */
function lineOfNode({ index, block, entry, height, successors }: Node, shape: Shape): string {
  const words: string[] = [];
  for (let slot = 0; slot < height; slot += 1) {
    const { limbs } = entry.words[slot]!;
    const unknown = limbs.filter((limb) => typeof limb !== 'bigint').length;
    words.push(unknown === 0 ? hexOf(limbs as bigint[]) : `?${unknown}`);
  }
  const place = `function ${shape.owner[index]}, memory ${entry.memoryBytes}`;
  const stack = words.join(' ');
  return `  node ${index} = block ${block.pc} [${stack}] -> ${successors.join(' ')} (${place})`;
}

function hexOf(limbs: readonly bigint[]): string {
  const bytes = new Uint8Array(8 * LIMBS);
  const view = new DataView(bytes.buffer);
  for (const [index, limb] of limbs.entries()) view.setBigUint64(8 * (LIMBS - 1 - index), limb);
  return toHex(bytes).replace(/^0x0*(?=.)/, '0x');
}
