/**
 * The part of the WebAssembly JavaScript API that we use, with the shapes of TypeScript's DOM
 * library (with which it merges): Node's own types lack it, and the whole DOM library would let
 * browser names into server code. Source: https://webassembly.github.io/spec/js-api/
 */
declare namespace WebAssembly {
  interface Memory {
    /** A SharedArrayBuffer when the memory is shared. */
    readonly buffer: ArrayBuffer;
  }
  var Memory: {
    prototype: Memory;
    new (descriptor: { initial: number; maximum?: number; shared?: boolean }): Memory;
  };

  interface Table {
    readonly length: number;
    get(index: number): unknown;
    grow(delta: number, value?: unknown): number;
    set(index: number, value?: unknown): void;
  }
  var Table: {
    prototype: Table;
    new (
      descriptor: { element: 'anyfunc' | 'externref'; initial: number; maximum?: number },
      value?: unknown,
    ): Table;
  };

  interface Module {
    /** Never there: it only keeps other objects from passing for modules. */
    readonly moduleBrand?: never;
  }
  var Module: {
    prototype: Module;
    new (bytes: Uint8Array | ArrayBuffer): Module;
    exports(module: Module): { kind: string; name: string }[];
    imports(module: Module): { kind: string; module: string; name: string }[];
  };

  type ExportValue = ((...args: never[]) => unknown) | Memory | Table;
  type ImportValue = ExportValue | number;

  interface Instance {
    readonly exports: Record<string, ExportValue>;
  }
  var Instance: {
    prototype: Instance;
    new (module: Module, imports?: Record<string, Record<string, ImportValue>>): Instance;
  };

  interface RuntimeError extends Error {}
  var RuntimeError: {
    prototype: RuntimeError;
    new (message?: string): RuntimeError;
  };

  function compile(bytes: Uint8Array | ArrayBuffer): Promise<Module>;
  function validate(bytes: Uint8Array | ArrayBuffer): boolean;
}
