/** A contract on the panel, spoken to by the names of its ABI; all numbers are bigints. */
import { Interface, type InterfaceAbi } from 'ethers';
import type { Agreed, Panel } from './panel.js';

interface Options {
  readonly from?: string;
  readonly value?: bigint;
  readonly gasLimit?: number;
}

export class Contract {
  readonly address: string;
  readonly of: Interface;
  private readonly panel: Panel;

  constructor(panel: Panel, address: string, abi: InterfaceAbi) {
    this.panel = panel;
    this.address = address;
    this.of = new Interface(abi);
  }

  /** @param code  creation code in hex without prefix */
  static async deploy(
    panel: Panel,
    { abi, code }: { readonly abi: InterfaceAbi; readonly code: string },
    args: readonly unknown[] = [],
  ): Promise<Contract> {
    const data = `0x${code}${new Interface(abi).encodeDeploy(args).slice(2)}`;
    return new Contract(panel, await panel.deploy(data), abi);
  }

  /** A transaction that has to succeed. */
  async do(name: string, args: readonly unknown[], options: Options = {}): Promise<Agreed> {
    return this.panel.must({ to: this.address, data: this.data(name, args), ...options });
  }

  /** A transaction that has to fail. */
  async refused(name: string, args: readonly unknown[], options: Options = {}): Promise<Agreed> {
    const agreed = await this.panel.send({
      to: this.address,
      data: this.data(name, args),
      ...options,
    });
    if (agreed.isOk) throw new Error(`${name} should have failed`);
    return agreed;
  }

  /** What a function gives, as a transaction that leaves nothing behind. */
  async ask(name: string, args: readonly unknown[] = [], options: Options = {}): Promise<unknown> {
    const call = { to: this.address, data: this.data(name, args), ...options };
    const { isOk, output } = await this.panel.try(call);
    if (!isOk) throw new Error(`${name} failed: ${output}`);
    const values = this.of.decodeFunctionResult(name, output);
    return values.length === 1 ? values[0] : values.toArray(true);
  }

  data(name: string, args: readonly unknown[]): string {
    return this.of.encodeFunctionData(name, args);
  }

  /** Names of the events of this contract's ABI that a transaction has logged, in their order. */
  eventsIn({ logs }: Agreed): string[] {
    return logs.map(({ topics, data }) => {
      const hex = (bytes: Uint8Array) => `0x${Buffer.from(bytes).toString('hex')}`;
      const found = this.of.parseLog({ topics: topics.map(hex), data: hex(data) });
      return found?.name ?? 'unknown';
    });
  }
}
