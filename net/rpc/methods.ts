/** All methods by name. What a backend cannot do is not in the table: "method not found". */
import type { Handler, MethodTable, RpcContext } from './context.js';
import { callAfter } from './methods-after.js';
import { callMethods } from './methods-call.js';
import { chainMethods } from './methods-chain.js';
import { logMethods } from './methods-logs.js';
import { nodeMethods, rpcModules } from './methods-node.js';
import { proofMethods } from './methods-proof.js';
import { sendMethods } from './methods-send.js';
import { witnessMethods } from './methods-witness.js';

export function methodTable(context: RpcContext): MethodTable {
  const table = new Map<string, Handler>([
    ...nodeMethods(context),
    ...chainMethods(context),
    ...proofMethods(context),
    ...witnessMethods(context),
    ...callMethods(context),
    ['eth_callAfter', callAfter(context)],
    ...sendMethods(context),
    ...logMethods(context),
  ]);
  const modules = rpcModules(table.keys());
  return table.set('rpc_modules', () => modules);
}
