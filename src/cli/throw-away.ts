// A command's hold on a throw-away instance: started as a process of its own, spoken to over its Unix socket, and gone with
// all that it wrote when the command lets go of it or ends in whatever way.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { AllowedBackupTarget } from '../deployment/backup-targets.ts';
import type { InstanceIdentity } from '../formats/instance-identity.ts';
import { integer, list, type Reader, record, text } from '../formats/shape.ts';
import { entryOf } from '../links/entry.ts';
import { compiledSources } from '../links/spawn-child.ts';
import { CommandError } from './command.ts';
import { clientOf, type InstanceClient } from './instance-client.ts';

export interface ThrowAway extends InstanceClient, AsyncDisposable {
  readonly name: string;
  /** Where everything of it lies; gone once it is disposed of. */
  readonly folder: string;
}

export interface ThrowAwayOptions {
  /** A name for an instance: 3 to 24 letters, digits and hyphens. */
  readonly name: string;
  /** Object id of its administrator; after a restore it has the rights that the backup gives to this id. */
  readonly administrator: string;
  /** Bytes that it will write. */
  readonly needs: number;
  /** It may lie on a disk, where there is no room in memory. */
  readonly onDisk?: boolean;
  /** Where it may read backups; absent: nowhere. */
  readonly backupPlace?: AllowedBackupTarget;
  /** With which it reads them, where that is a container and no SAS token is sent. Names files; holds no secret. */
  readonly backupIdentity?: InstanceIdentity;
}

/** The process that owns it. */
interface Held<T> {
  /** What it said of itself. */
  readonly reached: T;
  readonly exited: Promise<void>;
  readonly why: () => string;
  readonly letGo: () => Promise<void>;
}

/** @param first a line that it is told, where there are secrets in it @throws CommandError */
async function hold<T>(who: string, options: object, read: Reader<T>, first?: string): Promise<Held<T>> {
  const words = [entryOf('throw-away'), JSON.stringify(options)];
  const { TMPDIR } = process.env;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...words], {
    cwd: '/',
    env: { ...compiledSources(), ...(TMPDIR === undefined ? {} : { TMPDIR }) },
    stdio: ['pipe', 'pipe', 'pipe'],
    // Ctrl-C is for the command, which then lets go of it.
    detached: true,
  });
  // With all that it had to say.
  const exited = once(child, 'close').then(() => undefined);
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    complaint = (complaint + chunk).slice(-4000);
  });
  child.stdin.on('error', () => undefined); // it has ended
  if (first !== undefined) child.stdin.write(`${first}\n`);
  const lines = createInterface({ input: child.stdout });
  const letGo = async (): Promise<void> => {
    child.stdin.end();
    await exited;
    lines.close();
  };
  const why = (): string => complaint.trim() || 'it ended without a word';
  const answer = await Promise.race([once(lines, 'line').then(([line]) => line as string), exited]);
  if (answer === undefined) {
    await letGo();
    throw new CommandError(`${who} did not start: ${why()}`);
  }
  return { reached: read(JSON.parse(answer), 'throw-away'), exited, why, letGo };
}

/**
 * The whole product, with the instance `dev` and whatever else a first start in the dev profile makes.
 * @returns the data directory that it serves from @throws CommandError
 */
export async function openThrowAwayProduct(
  configuration: object,
  options: { readonly needs: number; readonly onDisk: boolean },
): Promise<AsyncDisposable & { readonly data: string; readonly exited: Promise<void>; readonly why: () => string }> {
  const shown = { what: 'product', ...options };
  const { reached, letGo, ...held } = await hold(
    'the throw-away product',
    shown,
    record({ folder: text }),
    JSON.stringify(configuration),
  );
  return { ...held, data: join(reached.folder, 'data'), [Symbol.asyncDispose]: letGo };
}

export async function openThrowAway(options: ThrowAwayOptions): Promise<ThrowAway> {
  const { name } = options;
  const held = await hold('the throw-away instance', { onDisk: false, ...options }, shape);
  const { reached, exited, why, letGo } = held;
  const { authority, ca, socketPath, token, folder } = reached;
  const client = clientOf({
    who: `the throw-away instance ${name}`,
    origin: `https://${authority}`,
    route: { ca: [ca], socketPath },
    newToken: () => Promise.resolve(token),
  });
  return {
    name,
    folder,
    who: client.who,
    async ask(method, path, body) {
      try {
        return await client.ask(method, path, body);
      } catch (error) {
        if (!isCutOff(error)) throw error;
        const ended = await Promise.race([exited.then(() => true), delay(ENDS_WITHIN_MS, false, { ref: false })]);
        if (!ended) throw error;
        throw new CommandError(`the throw-away instance ended early: ${why()}`, { cause: error });
      }
    },
    [Symbol.asyncDispose]: letGo,
  };
}

/** Whoever owns an instance whose socket is gone is ending, too. */
const ENDS_WITHIN_MS = 5_000;

function isCutOff(error: unknown): boolean {
  const code = error instanceof Error && (error.cause as { readonly code?: unknown } | undefined)?.code;
  return typeof code === 'string' && ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code);
}

const shape = record({
  socketPath: text,
  authority: text,
  ca: text,
  token: text,
  folder: text,
  pids: list(integer(1, 2 ** 31)),
});
