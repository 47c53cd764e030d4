// SoftHSM in the caller's own process, through PKCS#11: what cryptography behind that interface costs without a network, a
// caller to be told from others, or a record. Not a service, and so not a peer, but the floor under one.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compile, onSeveralCores } from '../raw-limit.ts';
import { Missing, type PeerOperation } from './peers.ts';

const LIBRARIES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib64/softhsm/libsofthsm2.so',
];
const INSTALL = 'apt-get install -y softhsm2 opensc gcc libc6-dev';
/** Of a token that is thrown away with the folder. */
const PIN = '1234';

export interface SoftHsm {
  readonly version: string;
  measure(operation: PeerOperation, seconds: number): Promise<number>;
}

/** A token in `folder` with the three keys. @throws Missing */
export async function prepareSoftHsm(folder: string): Promise<SoftHsm> {
  const library = LIBRARIES.find((path) => existsSync(path));
  if (library === undefined) throw new Missing(`needs SoftHSM: ${INSTALL}`);
  const program = join(folder, 'softhsm-loop');
  const trouble = await compile(join(import.meta.dirname, 'softhsm-loop.c'), program, ['-ldl']);
  if (trouble !== undefined) throw new Missing(`needs a C compiler: ${INSTALL} (${trouble})`);
  const tokens = join(folder, 'tokens');
  const configuration = join(folder, 'softhsm2.conf');
  mkdirSync(tokens, { mode: 0o700 });
  writeFileSync(configuration, `directories.tokendir = ${tokens}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const env = { ...process.env, SOFTHSM2_CONF: configuration };
  const run = async (command: string, ...args: readonly string[]): Promise<string> => {
    try {
      return (await promisify(execFile)(command, args, { env })).stdout.trim();
    } catch (error) {
      throw new Missing(`${command} does not do its work: ${INSTALL}`, { cause: error });
    }
  };
  const make = async (...what: readonly string[]): Promise<void> => {
    await run('pkcs11-tool', '--module', library, '--token-label', 'bench', '--login', '--pin', PIN, ...what);
  };
  await run('softhsm2-util', '--init-token', '--free', '--label', 'bench', '--so-pin', PIN, '--pin', PIN);
  await make('--keypairgen', '--key-type', 'rsa:2048', '--label', 'rsa');
  await make('--keypairgen', '--key-type', 'EC:prime256v1', '--label', 'ec');
  await make('--keygen', '--key-type', 'aes:32', '--label', 'oct');
  return {
    version: await run('softhsm2-util', '--version'),
    measure: (operation, seconds) =>
      onSeveralCores([program, operation, String(seconds), library, PIN], availableParallelism(), env),
  };
}
