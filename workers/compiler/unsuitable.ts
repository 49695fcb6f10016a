/** Why a code is left to tier 1: no fault, and never seen outside the compiler. */
export class Unsuitable extends Error {}
