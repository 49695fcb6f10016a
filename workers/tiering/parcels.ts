/**
 * A module on its way from the thread that compiles to those that execute: a message in a port that
 * nobody has read yet. V8 counts the machine code of each module as memory of every heap that has
 * got it, and collects that whole heap for some tens of megabytes more; the coordinator would be
 * held up by that, so it hands ports on and reads none of them.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { assert } from '../../state/base/assert.js';
import type { CodeChange } from '../engine.js';
import type { CodeKey } from './code-key.js';

/** A change as it is posted: its module is in the port. */
export interface SentChange extends CodeKey {
  readonly module: MessagePort | null;
}

/** What was posted, read where it is wanted. */
export function receiveChange({ fork, hash, module }: SentChange): CodeChange {
  return { fork, hash, module: module === null ? null : open(module) };
}

/** One module, as often as it is to be handed out, and once more for those who come later. */
export class Parcels {
  /** Where to put the module, each with `fill`. */
  readonly ends: MessagePort[] = [];
  private readonly parcels: MessagePort[] = [];

  /** @param count  of those that it is for now */
  constructor(count: number) {
    for (let index = 0; index <= count; index += 1) this.add();
  }

  /** One for somebody. The last is read, and becomes two. */
  take(): MessagePort {
    if (this.parcels.length === 1) {
      const module = open(this.parcels.pop()!);
      for (const end of [this.add(), this.add()]) fill(end, module);
    }
    return this.parcels.pop()!;
  }

  /** Nobody wants it any more. */
  close(): void {
    for (const parcel of this.parcels.splice(0)) parcel.close();
  }

  private add(): MessagePort {
    const { port1: end, port2: parcel } = new MessageChannel();
    this.ends.push(end);
    this.parcels.push(parcel);
    return end;
  }
}

export function fill(end: MessagePort, module: WebAssembly.Module): void {
  end.postMessage(module);
  end.close();
}

function open(parcel: MessagePort): WebAssembly.Module {
  const module: unknown = receiveMessageOnPort(parcel)?.message;
  parcel.close();
  assert(module instanceof WebAssembly.Module, 'a parcel has a module in it');
  return module;
}
