/**
 * Cold cells: `node dist/bench/cold.bench.js [MiB] [cells] [directory]` after a build. Storage
 * slots under a fixed seed in an arena of that size, ten times its lines unless told otherwise; CPU
 * time of this thread for making them, for reading and for changing cells drawn evenly from all,
 * beside an arena that has a line for each; changing them again when the file has its size; and
 * what the file took. The system's cache holds the file: a read is a system call and a copy, what a
 * disk adds is the disk's.
 */
import { tmpdir } from 'node:os';
import { Arena, KIND_SLOT } from '../state/arena.js';
import { COLD_PAGE_BYTES } from '../state/kernel/cold-map.js';
import { StateRoot } from '../state/root.js';
import { ADDRESS, cpuUs, next, restart, wordOf } from './drawn-cells.js';

const MEGABYTES = Number(process.argv[2] ?? 256);
const DIRECTORY = process.argv[4] ?? tmpdir();
/** Cells of one mini-block. */
const PORTION = 4_000;
const PORTIONS = 50;
/** Rounds of so many changes until the file has its size, and compaction its work. */
const ROUNDS = 6;

class Subject {
  readonly arena: Arena;
  readonly cells: number;
  private sequence = 0;

  constructor(arena: Arena, cells: number) {
    this.arena = arena;
    this.cells = cells;
  }

  /** One mini-block of writes, and the room that it needs. */
  private write(count: number, cellAt: (turn: number) => number): void {
    const { arena } = this;
    arena.cold?.makeRoom(count);
    this.sequence += 1;
    arena.openMiniBlock(this.sequence);
    for (let turn = 0; turn < count; turn++) {
      const id = arena.intern(KIND_SLOT, ADDRESS, wordOf(cellAt(turn)));
      arena.write(id, wordOf(this.sequence + turn), this.sequence);
    }
    arena.retainFrom(arena.closeMiniBlock(this.sequence).to);
  }

  make(): number {
    const us = cpuUs(() => {
      for (let first = 0; first < this.cells; first += PORTION) {
        this.write(Math.min(PORTION, this.cells - first), (turn) => first + turn);
      }
    });
    return us / this.cells;
  }

  change(): number {
    const us = cpuUs(() => {
      for (let portion = 0; portion < PORTIONS; portion++) {
        this.write(PORTION, () => next(this.cells));
      }
    });
    return us / (PORTIONS * PORTION);
  }

  /** Without bringing them in, as calls do. */
  read(): number {
    const out = new Uint8Array(32);
    const { arena } = this;
    const us = cpuUs(() => {
      for (let turn = 0; turn < PORTIONS * PORTION; turn++) {
        arena.readLatest(arena.find(KIND_SLOT, ADDRESS, wordOf(next(this.cells))), out);
      }
    });
    return us / (PORTIONS * PORTION);
  }

  root(): { readonly us: number; readonly root: string } {
    const root = new StateRoot(Arena.attach(this.arena.memory, 1));
    const us = cpuUs(() => root.rebuild(this.sequence)) / this.cells;
    return { us, root: Buffer.from(root.root).toString('hex') };
  }
}

function report(name: string, subject: Subject): string {
  const made = subject.make();
  const read = subject.read();
  const changed = subject.change();
  const { us } = subject.root();
  const rounds = Array.from({ length: ROUNDS }, () => subject.change());
  const later = rounds.at(-1) ?? 0;
  const figures = { made, read, changed, 'root of all': us, 'changed later': later };
  const texts = Object.entries(figures).map(([what, value]) => `${what} ${value.toFixed(2)} us`);
  console.log(`${name}: ${texts.join(', ')} a cell`);
  return subject.root().root;
}

const coldArena = Arena.create({ megabytes: MEGABYTES, threads: 2, coldDirectory: DIRECTORY });
const { lineCapacity } = coldArena.layout;
const CELLS = Number(process.argv[3] ?? 10 * lineCapacity);
console.log(`${CELLS} cells, ${lineCapacity} lines in ${MEGABYTES} MiB`);
const coldRoot = report('cold', new Subject(coldArena, CELLS));
const { cold } = coldArena.statistics();
console.log(JSON.stringify(cold));
if (cold !== null) {
  const { fileBytes, recordsAppended, pagesAppended, pagesMoved, pagesRead, faults, reads } = cold;
  console.log(
    `${((pagesAppended * COLD_PAGE_BYTES) / recordsAppended).toFixed(1)} bytes a record, ` +
      `${(fileBytes / CELLS).toFixed(0)} of file a cell; ` +
      `${(pagesRead / (faults + reads)).toFixed(3)} pages for a cell that was not in memory; ` +
      `${(pagesMoved / pagesAppended).toFixed(3)} moved for each that a retirement wrote`,
  );
}
restart();
const plainRoot = report('plain', new Subject(Arena.create({ threads: 2 }), CELLS));
console.log(coldRoot === plainRoot ? 'the roots are equal' : 'THE ROOTS DIFFER');
if (coldRoot !== plainRoot) process.exitCode = 1;
