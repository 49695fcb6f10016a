/** The instructions by name: code, words taken and left, and the fork that brought them. */
import type { ForkName } from '../../workers/fork.js';

export interface Opcode {
  readonly name: string;
  readonly code: number;
  readonly takes: number;
  readonly leaves: number;
  readonly since: ForkName;
}

/** name:code:takes:leaves, in hexadecimal; forks before London count as London. */
const LONDON = `
STOP:00:0:0 ADD:01:2:1 MUL:02:2:1 SUB:03:2:1 DIV:04:2:1 SDIV:05:2:1 MOD:06:2:1 SMOD:07:2:1
ADDMOD:08:3:1 MULMOD:09:3:1 EXP:0a:2:1 SIGNEXTEND:0b:2:1 LT:10:2:1 GT:11:2:1 SLT:12:2:1
SGT:13:2:1 EQ:14:2:1 ISZERO:15:1:1 AND:16:2:1 OR:17:2:1 XOR:18:2:1 NOT:19:1:1 BYTE:1a:2:1
SHL:1b:2:1 SHR:1c:2:1 SAR:1d:2:1 KECCAK256:20:2:1 ADDRESS:30:0:1 BALANCE:31:1:1 ORIGIN:32:0:1
CALLER:33:0:1 CALLVALUE:34:0:1 CALLDATALOAD:35:1:1 CALLDATASIZE:36:0:1 CALLDATACOPY:37:3:0
CODESIZE:38:0:1 CODECOPY:39:3:0 GASPRICE:3a:0:1 EXTCODESIZE:3b:1:1 EXTCODECOPY:3c:4:0
RETURNDATASIZE:3d:0:1 RETURNDATACOPY:3e:3:0 EXTCODEHASH:3f:1:1 BLOCKHASH:40:1:1 COINBASE:41:0:1
TIMESTAMP:42:0:1 NUMBER:43:0:1 PREVRANDAO:44:0:1 GASLIMIT:45:0:1 CHAINID:46:0:1
SELFBALANCE:47:0:1 BASEFEE:48:0:1 POP:50:1:0 MLOAD:51:1:1 MSTORE:52:2:0 MSTORE8:53:2:0
SLOAD:54:1:1 SSTORE:55:2:0 JUMP:56:1:0 JUMPI:57:2:0 PC:58:0:1 MSIZE:59:0:1 GAS:5a:0:1
JUMPDEST:5b:0:0 CREATE:f0:3:1 CALL:f1:7:1 CALLCODE:f2:7:1 RETURN:f3:2:0 DELEGATECALL:f4:6:1
CREATE2:f5:4:1 STATICCALL:fa:6:1 REVERT:fd:2:0 INVALID:fe:0:0 SELFDESTRUCT:ff:1:0`;
const NEWER: readonly (readonly [ForkName, string])[] = [
  ['shanghai', 'PUSH0:5f:0:1'],
  ['cancun', 'BLOBHASH:49:1:1 BLOBBASEFEE:4a:0:1 TLOAD:5c:1:1 TSTORE:5d:2:0 MCOPY:5e:3:0'],
  ['osaka', 'CLZ:1e:1:1'],
];

export const OPCODES: readonly Opcode[] = [
  ...parse('london', LONDON),
  ...NEWER.flatMap(([since, text]) => parse(since, text)),
  ...range(32, (n) => ({ name: `PUSH${n}`, code: 0x5f + n, takes: 0, leaves: 1 })),
  ...range(16, (n) => ({ name: `DUP${n}`, code: 0x7f + n, takes: n, leaves: n + 1 })),
  ...range(16, (n) => ({ name: `SWAP${n}`, code: 0x8f + n, takes: n + 1, leaves: n + 1 })),
  ...range(5, (n) => ({ name: `LOG${n - 1}`, code: 0x9f + n, takes: n + 1, leaves: 0 })),
];

const BY_NAME = new Map(OPCODES.map((opcode) => [opcode.name, opcode]));

export function opcodeOf(name: string): Opcode {
  const found = BY_NAME.get(name);
  if (found === undefined) throw new Error(`no instruction ${name}`);
  return found;
}

function parse(since: ForkName, text: string): Opcode[] {
  return text
    .trim()
    .split(/\s+/)
    .map((entry) => {
      const [name = '', code = '', takes, leaves] = entry.split(':');
      return {
        name,
        code: Number.parseInt(code, 16),
        takes: Number(takes),
        leaves: Number(leaves),
        since,
      };
    });
}

function range(count: number, make: (n: number) => Omit<Opcode, 'since'>): Opcode[] {
  return Array.from({ length: count }, (_, index) => ({ ...make(index + 1), since: 'london' }));
}
