// Which local processes are which managed identity: `identity-bindings.json` in the control process's folder, written by the
// command line and read for every request, so that a binding that is removed gives no token any more.

import { join } from 'node:path';
import { replaceFile } from '../../../files/replace-file.ts';
import { guid, integer, list, matching, oneOf, record } from '../../../formats/shape.ts';
import { readListFile } from '../read-list-file.ts';

export interface IdentityBinding {
  /** Object id of a managed identity of the directory. */
  readonly identity: string;
  /** The Unix user that a process runs as. */
  readonly uid: number;
  /** Absolute path, links resolved, of the program that it runs; absent: any. */
  readonly executable?: string;
}

/** What the system says of the process at the other end of a connection. */
export interface LocalCaller {
  readonly uid: number;
  /** Of every process that holds the connection; absent: not asked, or not to be seen. */
  readonly executables?: readonly string[];
}

const FILE = 'identity-bindings.json';
const FORMAT = 'strongroom identity bindings 1';
const MAX_BYTES = 1024 * 1024;

const binding = record(
  { identity: guid, uid: integer(0, 0xffff_fffe) },
  { executable: matching(/^\/[^\0\r\n]{1,4095}$/, 'the absolute path of a program') },
);
const shape = record({ format: oneOf(FORMAT), bindings: list(binding, 1000) });

/** @throws when the file is there and is not one of ours */
export function readBindings(folder: string): Promise<readonly IdentityBinding[]> {
  return readListFile(
    join(folder, FILE),
    MAX_BYTES,
    (value) => shape(value, FILE).bindings,
    'correct it, or remove it and bind again',
  );
}

export async function writeBindings(folder: string, bindings: readonly IdentityBinding[]): Promise<void> {
  const file = { format: FORMAT, bindings };
  shape(file, FILE);
  await replaceFile(join(folder, FILE), `${JSON.stringify(file, undefined, 2)}\n`);
}

/** Object ids of the identities that a caller may have, each once. */
export function identitiesOf(bindings: readonly IdentityBinding[], caller: LocalCaller): readonly string[] {
  return [...new Set(bindings.filter((each) => isBound(each, caller)).map(({ identity }) => identity))];
}

/** Whether who asks must be told apart by program. */
export function asksForExecutable(bindings: readonly IdentityBinding[], uid: number): boolean {
  return bindings.some((each) => each.uid === uid && each.executable !== undefined);
}

function isBound({ uid, executable }: IdentityBinding, caller: LocalCaller): boolean {
  if (uid !== caller.uid) return false;
  if (executable === undefined) return true;
  // A connection that another program holds as well could carry that one's request.
  const { executables = [] } = caller;
  return executables.length > 0 && executables.every((each) => each === executable);
}
