/** Types of what tests use of faulty.mjs. */
export declare const FAULTS: Readonly<Record<string, (place: Uint8Array) => unknown>>;
export declare const TEARING_DATA: string;
export declare const BROKEN_BLOCK: number;
export declare function faultData(name: string, times: number): string;
