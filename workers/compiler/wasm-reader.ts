/** Reads the binary format as wasm-code.ts and wasm-module.ts write it. */
const FIRST_SECTION_AT = 8;
const TABLE_SECTION = 4;

export class WasmReader {
  at = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** At the content of a section; null where there is none such. */
  static ofSection(module: Uint8Array, wanted: number): WasmReader | null {
    const reader = new WasmReader(module);
    reader.at = FIRST_SECTION_AT;
    while (reader.at < module.length) {
      const id = reader.byte();
      const bytes = reader.u32();
      if (id === wanted) return reader;
      reader.at += bytes;
    }
    return null;
  }

  byte(): number {
    return this.bytes[this.at++]!;
  }

  u32(): number {
    return Number(BigInt.asUintN(32, this.number(false)));
  }

  signed(): bigint {
    return this.number(true);
  }

  private number(isSigned: boolean): bigint {
    let value = 0n;
    let shift = 0n;
    for (let byte = this.byte(); ; byte = this.byte()) {
      value |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte >= 0x80) continue;
      return isSigned && (byte & 0x40) !== 0 ? value - (1n << shift) : value;
    }
  }
}

/** How many functions the module's own table has. */
export function tableLengthOf(module: Uint8Array): number {
  const reader = WasmReader.ofSection(module, TABLE_SECTION);
  if (reader === null) return 0;
  // One table, of functions, without a maximum.
  for (let skipped = 0; skipped < 3; skipped += 1) reader.byte();
  return reader.u32();
}
