#!/usr/bin/env node
/**
 * The command line: flags to a role. Only this file reads arguments and sets the exit status: 0
 * done and right, 1 something did not match or failed, 2 bad usage or bad input.
 */
import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { type Bootstrap, startBootstrap } from '../net/p2p/swarm.js';
import { isDeltacastError } from '../state/base/errors.js';
import { systemClock, systemRandom } from '../state/base/ports.js';
import { ENGINE_NAMES, TIERED_ENGINE } from '../workers/engines.js';
import { defaultConfig, type NodeConfig } from './config.js';
import { configOf, describeFlag, type GivenFlags, isHeeded, NODE_FLAGS } from './flags.js';
import { createLogger } from './logger.js';
import { BENCH_DEFAULTS, type BenchOptions, loadBench } from './roles/bench.js';
import { CONFORMANCE_ENGINES } from './roles/conformance-command.js';
import { type ConformanceFlags, reportConformance } from './roles/conformance-report.js';
import { type DemoOptions, runDemo } from './roles/demo.js';
import { type InitFlags, initDirectory } from './roles/init-command.js';
import { startLight } from './roles/light.js';
import { checkProof, PROOF_EXAMPLE, type ProofFlags } from './roles/proof-command.js';
import { type ReplayFlags, replayFiles } from './roles/replay-command.js';
import { startReplica } from './roles/replica.js';
import type { NodePorts, RunningNode } from './roles/running-node.js';
import { startSequencer } from './roles/sequencer.js';
import {
  checkWitnessFile,
  makeWitnessFile,
  type WitnessCheckFlags,
  type WitnessMakeFlags,
} from './roles/witness-command.js';
import { untilSignal } from './signals.js';
import { print, progress } from './terminal.js';

const EXIT_MISMATCH = 1;
const EXIT_USAGE = 2;
const WORKERS_MAX = 30;

function parseWorkers(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > WORKERS_MAX) {
    throw new InvalidArgumentError(`an integer from 0 to ${WORKERS_MAX}`);
  }
  return value;
}

function parseEngine(text: string): string {
  if (ENGINE_NAMES.includes(text)) return text;
  throw new InvalidArgumentError(`known engines: ${ENGINE_NAMES.join(', ')}`);
}

async function replay(paths: readonly string[], flags: ReplayFlags): Promise<void> {
  if (!(await replayFiles(paths, flags, print))) process.exitCode = EXIT_MISMATCH;
}

/** Numbers separated by commas; what they may be is for the command to say. */
function parseNumbers(text: string): number[] {
  if (!/^\d+(,\d+)*$/.test(text)) throw new InvalidArgumentError('integers separated by commas');
  return text.split(',').map(Number);
}

function parseNumber(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('a number');
  return Number(text);
}

function parseNames(text: string): string[] {
  return text.split(',');
}

interface BenchFlags extends Omit<BenchOptions, 'workloads' | 'engines'> {
  readonly engine: readonly string[];
}

async function bench(workloads: readonly string[], flags: BenchFlags): Promise<void> {
  const { engine: engines, ...options } = flags;
  await (await loadBench()).runBench({ ...BENCH_DEFAULTS, ...options, engines, workloads });
}

function addBench(root: Command): void {
  const { engines, workers, accounts, txs, rounds, seconds, seed, batch, path, data } =
    BENCH_DEFAULTS;
  root
    .command('bench')
    .description('measure; `bench list` names the workloads')
    .argument('<workload...>', 'names of workloads, or: list')
    .option('--engine <names>', 'engines, separated by commas', parseNames, [...engines])
    .option('--workers <n,...>', '0 executes in order on one thread', parseNumbers, [...workers])
    .option('--accounts <n>', 'accounts that send and receive', parseNumber, accounts)
    .option('--txs <n>', 'transactions of one run', parseNumber, txs)
    .option('--rounds <n>', 'workers take turns so often; the median counts', parseNumber, rounds)
    .option('--seconds <n>', 'of a round, which repeats its transactions', parseNumber, seconds)
    .option('--seed <n>', 'another seed gives other accounts and pairs', parseNumber, seed)
    .option('--batch <n>', 'transactions given to the executor at once', parseNumber, batch)
    .option('--path <name>', 'execute: execution and commit alone; or whole', path)
    .option('--signed', 'recover senders within the measured time')
    .option('--pin', 'each worker stays on a core of its own')
    .option('--together', 'workers go on together even where one alone is faster')
    .option('--peers', 'the same transactions on other implementations')
    .option('--data <dir>', 'folder of real blocks', process.env['DELTACAST_DATA'] ?? data)
    .option('--chart <file>', 'write an SVG chart of the results')
    .option('--json', 'one JSON line a run')
    .exitOverride()
    .action(bench);
}

async function conformance(flags: ConformanceFlags): Promise<void> {
  if (!(await reportConformance(flags, print, progress))) process.exitCode = EXIT_MISMATCH;
}

function addConformance(root: Command): void {
  root
    .command('conformance')
    .description('run packs of official state tests on an engine')
    .requiredOption('--fixtures <dir>', 'folder with packs (*.ndjson.gz)')
    .option('--engine <name>', CONFORMANCE_ENGINES, 'reference')
    .option('--fork <name>', 'only cases of this fork')
    .option('--filter <text>', 'only tests with this in their name or their pack')
    .option('--workers <n>', 'threads', parseWorkers, availableParallelism())
    .option('--json', 'a line a skipped case, then a summary')
    .exitOverride()
    .action(conformance);
}

interface DumpFlags {
  readonly fork: string;
  readonly tier: string;
}

async function dump(text: string, { fork, tier }: DumpFlags): Promise<void> {
  const { dumpGiven } = await import('./roles/dump-command.js');
  process.stdout.write(dumpGiven(text, fork, tier));
}

function addDump(root: Command): void {
  root
    .command('dump-code')
    .description('what the compiler makes of a code: blocks, nodes, WebAssembly')
    .argument('<code>', 'hex, or @ and the name of a file of hex')
    .option('--fork <name>', 'whose opcodes and gas', 'osaka')
    .option('--tier <n>', '1, or 2 where the code is fit for it', '2')
    .exitOverride()
    .action(dump);
}

interface NodeFlags extends GivenFlags {
  readonly json?: true;
}

/** On one host the roles do not share a port or a directory. */
const REPLICA_DEFAULTS = { port: 8546, dataDir: './.deltacast-replica' } as const;
const LIGHT_DEFAULTS = { port: 8547, dataDir: null } as const;

async function sequencer(flags: NodeFlags): Promise<void> {
  const config = configOf(defaultConfig(availableParallelism()), flags);
  const node = await startSequencer(config, portsOf(config));
  announce(node, flags, node.banner);
  await untilStopped(node);
}

const replica = following(REPLICA_DEFAULTS, startReplica);
const light = following(LIGHT_DEFAULTS, startLight);

function following(
  defaults: Partial<NodeConfig>,
  start: (config: NodeConfig, ports: NodePorts) => Promise<RunningNode>,
): (flags: NodeFlags) => Promise<void> {
  return async (flags) => {
    const config = configOf({ ...defaultConfig(availableParallelism()), ...defaults }, flags);
    const node = await start(config, portsOf(config));
    const { host, topic } = config;
    announce(
      node,
      flags,
      `Following ${node.sequencerKey} on topic ${topic}.\n` +
        `Listening on ${host}:${node.port} (HTTP and WebSocket)\n`,
    );
    await untilStopped(node);
  };
}

function portsOf({ logLevel, jsonLogs }: NodeConfig) {
  return { clock: systemClock, random: systemRandom, log: createLogger(logLevel, jsonLogs) };
}

function announce(node: RunningNode, { json }: NodeFlags, text: string): void {
  const { port, sequencerKey } = node;
  process.stdout.write(json ? `${JSON.stringify({ port, sequencerKey })}\n` : text);
}

/** Until the first signal; the second ends the process at once. */
async function untilStopped(node: RunningNode): Promise<void> {
  let hasFailed = false;
  void node.failed.then(() => {
    hasFailed = true;
  });
  await untilSignal();
  await node.stop();
  process.exit(hasFailed ? EXIT_MISMATCH : 0);
}

interface BootstrapFlags {
  readonly host: string;
  readonly port?: number;
  readonly json?: true;
}

async function bootstrap({ host, port, json }: BootstrapFlags): Promise<void> {
  const nodes: Bootstrap = await startBootstrap({
    host,
    nodes: 4,
    ...(port === undefined ? {} : { port }),
  });
  const value = nodes.addresses.join(',');
  process.stdout.write(
    json ? `${JSON.stringify({ bootstrap: value })}\n` : `--bootstrap ${value}\n`,
  );
  await untilSignal();
  await nodes.stop();
  process.exit(0);
}

interface DemoFlags extends DemoOptions {
  readonly json?: true;
}

async function demo({ json, ...options }: DemoFlags): Promise<void> {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const summary = await runDemo(options, { clock: systemClock, say });
  process.stdout.write(
    json ? `${JSON.stringify({ summary })}\n` : `${JSON.stringify(summary, null, 2)}\n`,
  );
  process.exitCode = summary.matches ? 0 : EXIT_MISMATCH;
}

function addNodes(root: Command): void {
  const needs = 'needs --topic and --sequencer-key';
  const roles = [
    ['sequencer', 'order and execute transactions, publish what they change', {}, sequencer],
    [
      'replica',
      `follow a sequencer without executing, and serve reads; ${needs}`,
      REPLICA_DEFAULTS,
      replica,
    ],
    ['light', `hold headers only, and serve what peers prove; ${needs}`, LIGHT_DEFAULTS, light],
  ] as const;
  for (const [name, description, defaults, action] of roles) {
    const command = root.command(name).description(description);
    const base = { ...defaultConfig(availableParallelism()), ...defaults };
    for (const flag of NODE_FLAGS) {
      const option = new Option(flag.flag, describeFlag(flag, base)).argParser(flag.read);
      command.addOption(option.hideHelp(!isHeeded(name, flag.key)));
    }
    command
      .option('--memory', 'keep nothing on disk')
      .option('--config <file>', 'settings as JSON; flags win')
      .option('--json-logs', 'log in JSON lines')
      .option('--json', 'one JSON line when it is up')
      .exitOverride()
      .action(action);
  }
}

function addDemo(root: Command): void {
  root
    .command('demo')
    .description('a local DHT, a sequencer, a replica and a load, compared at the end')
    .option('--seconds <n>', 'how long the load lasts', parseNumber, 20)
    .option('--load <name>', 'transfer or erc20', 'erc20')
    .option('--accounts <n>', 'accounts that send and receive', parseNumber, 1_000)
    .option('--workers <n>', 'execution threads', parseWorkers, 1)
    .option('--rate <n>', 'transactions a second at most', parseNumber)
    .option('--json', 'one JSON line at the end')
    .exitOverride()
    .action(demo);
  root
    .command('bootstrap')
    .description('run DHT nodes of your own')
    .option('--host <address>', 'IPv4 address at which others reach them', '127.0.0.1')
    .option('--port <n>', 'of the first node', parseNumber)
    .option('--json', 'one JSON line when they are up')
    .exitOverride()
    .action(bootstrap);
}

function addProof(root: Command): void {
  root
    .command('proof')
    .description('check what a node proves')
    .command('check')
    .description("check an eth_getProof answer against a signed header and the sequencer's key")
    .argument('<file>', 'JSON of eth_getProof, - for standard input')
    .requiredOption(
      '--header <file>',
      'required: JSON of deltacast_getSignedHeader, or a frame in hex',
    )
    .requiredOption('--key <hex>', "required: the sequencer's key")
    .option('--chain-id <n>', 'EIP-155 chain id', '31337')
    .option('--json', 'one JSON line')
    .addHelpText('after', PROOF_EXAMPLE)
    .exitOverride()
    .action(async (file: string, flags: ProofFlags) => print(await checkProof(file, flags)));
}

function addWitness(root: Command): void {
  const witness = root.command('witness').description('check blocks without any state');
  witness
    .command('check')
    .description('execute a block again from its witness, knowing only the parent')
    .argument('<file>', 'a witness, or JSON of deltacast_getWitness')
    .requiredOption('--parent <file>', "required: the parent's deltacast_getSignedHeader answer")
    .requiredOption('--key <hex>', "required: the sequencer's key")
    .option('--block <file>', "the block's own signed header: without it any valid child passes")
    .option('--chain-id <n>', 'EIP-155 chain id', '31337')
    .option('--hardfork <name>', 'rules of the chain', 'osaka')
    .option('--engine <name>', ENGINE_NAMES.join(' or '), parseEngine, 'interpreter')
    .option('--json', 'one JSON line')
    .exitOverride()
    .action(async (file: string, flags: WitnessCheckFlags) =>
      print(await checkWitnessFile(file, flags)),
    );
  witness
    .command('make')
    .description('make the witness of a block from a data directory that no node runs on')
    .argument('<block>', 'its number', parseNumber)
    .requiredOption('--data-dir <dir>', 'required: log and key of a sequencer')
    .requiredOption('--out <file>', 'required: where it goes')
    .option('--chain-id <n>', 'EIP-155 chain id', '31337')
    .option('--json', 'one JSON line')
    .exitOverride()
    .action(async (block: number, flags: WitnessMakeFlags) =>
      print(await makeWitnessFile(block, flags)),
    );
}

function addInit(root: Command): void {
  root
    .command('init')
    .description('begin a chain in a data directory from a dump or genesis of any size')
    .option('--dump <file>', "JSON lines, an account each, as geth's dump --iterative gives them")
    .option('--genesis <file>', "geth's format, up to 256 MiB")
    .requiredOption('--data-dir <dir>', 'required: made by this, and must not be there yet')
    .option('--chain-id <n>', 'EIP-155 chain id', '31337')
    .option('--hardfork <name>', 'rules of the chain', 'osaka')
    .option('--json', 'one JSON line')
    .exitOverride()
    .action(async (flags: InitFlags) => print(await initDirectory(flags, progress)));
}

function program(): Command {
  const root = new Command('deltacast')
    .description('A real-time EVM for one host.')
    .exitOverride()
    .showHelpAfterError('(see --help)');
  root
    .command('replay')
    .description('execute block files over their pre-state and compare with their headers')
    .argument('<file...>', 'gzipped JSON blocks')
    .option('--engine <name>', ENGINE_NAMES.join(' or '), parseEngine, TIERED_ENGINE)
    .option('--workers <n>', 'execution threads; 0 executes in order on this one', parseWorkers, 1)
    .option('--json', 'one JSON line a block, then a summary')
    .exitOverride()
    .action(replay);
  addNodes(root);
  addDemo(root);
  addBench(root);
  addConformance(root);
  addDump(root);
  addProof(root);
  addWitness(root);
  addInit(root);
  return root;
}

async function main(): Promise<void> {
  // V8 shares the collection of young objects among threads, and waits for them: where the workers
  // have all cores that takes up to 24 ms, alone less than one.
  setFlagsFromString('--no-parallel-scavenge');
  try {
    await program().parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE;
      return;
    }
    if (!isDeltacastError(error)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    process.exitCode =
      error.code === 'BAD_INPUT' || error.code === 'BAD_USAGE' ? EXIT_USAGE : EXIT_MISMATCH;
  }
}

await main();
