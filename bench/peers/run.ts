// The comparison: every service that is on this machine is started and loaded with the same operations by the same
// generator, in rounds that take turns, so that a machine that changes its speed changes it for all.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchOptions } from '../arguments.ts';
import { createKeys } from '../bench-keys.ts';
import { startLoadGenerator } from '../load/generator.ts';
import { type Environment, environment } from '../machine/environment.ts';
import { operations } from '../operations.ts';
import { connectHsm } from '../product/hsm.ts';
import { type Product, startProduct } from '../product/product.ts';
import { auditLogSize, seeProtections } from '../protections.ts';
import { findOpenBao, startOpenBao } from './openbao.ts';
import { Missing, PEER_OPERATIONS, type Peer } from './peers.ts';
import { localRounds, type PeerRow, type Rounds, servedRounds } from './rounds.ts';
import { prepareSoftHsm } from './softhsm.ts';

export interface PeersResults {
  readonly environment: Environment;
  readonly seconds: number;
  readonly connections: number;
  /** Version and settings of each, or why it was not measured and the line that installs it. */
  readonly services: readonly { readonly name: string; readonly setting: string }[];
  readonly rows: readonly PeerRow[];
}

const ROUNDS = 3;

export async function runPeersBench(options: BenchOptions, progress: (text: string) => void): Promise<PeersResults> {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-bench-peers-'));
  try {
    await using stack = new AsyncDisposableStack();
    progress('Strongroom');
    const product = stack.use(await startProduct(folder, 'product'));
    const strongroom = await asPeer(product, join(folder, 'data'));
    const protections = await seeProtections(strongroom.service);
    progress('OpenBao');
    const openBao = await unlessMissing(async () => stack.use(await startOpenBao(await findOpenBao(folder), folder)));
    progress('SoftHSM');
    const softHsm = await unlessMissing(() => prepareSoftHsm(folder));
    const load = {
      generator: stack.use(startLoadGenerator()),
      connections: options.connections,
      seconds: options.seconds,
    };
    const rows: PeerRow[] = [];
    for (const operation of PEER_OPERATIONS.filter((name) => options.names.includes(name))) {
      progress(operation);
      const all: Rounds[] = [await servedRounds(operation, 'Strongroom', strongroom, load)];
      if (!(openBao instanceof Missing)) all.push(await servedRounds(operation, 'OpenBao', openBao, load));
      if (!(softHsm instanceof Missing)) all.push(localRounds(operation, 'SoftHSM', softHsm, load.seconds));
      for (let round = 0; round < ROUNDS; round += 1) for (const one of all) await one.round();
      for (const one of all) rows.push(await one.row());
    }
    const bao =
      openBao instanceof Missing
        ? openBao.message
        : `${openBao.version}; transit, raft storage of one node, audit file (not synced), TLS 1.3, a token of one policy`;
    const hsm =
      softHsm instanceof Missing
        ? softHsm.message
        : `${softHsm.version}; keys of a token on files, one process on each core, in the caller's process: no network, no record`;
    return {
      environment: environment(),
      seconds: options.seconds,
      connections: options.connections,
      services: [
        {
          name: 'Strongroom',
          setting: `${['as shipped', ...protections].join('; ')}; audit entry synced before the answer`,
        },
        { name: 'OpenBao', setting: bao },
        { name: 'SoftHSM', setting: hsm },
      ],
      rows,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function asPeer(product: Product, dataFolder: string): Promise<Peer> {
  const service = await connectHsm(product);
  const keys = await createKeys(service);
  return {
    service,
    pids: product.ready.processes.map(({ pid }) => pid),
    async prepare(name) {
      const operation = operations.find((one) => one.name === name);
      if (operation === undefined) throw new Error(`no operation ${name}`);
      return await operation.prepare(service, keys);
    },
    auditEntries: () => Promise.resolve(auditLogSize(dataFolder)),
  };
}

/** What could be started, or why not: what else goes wrong is thrown on. */
async function unlessMissing<T>(start: () => Promise<T>): Promise<T | Missing> {
  try {
    return await start();
  } catch (error) {
    if (error instanceof Missing) return error;
    throw error;
  }
}
