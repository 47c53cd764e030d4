// Which local processes are which managed identity, written by the command line and read for every request, so that a binding
// that is removed gives no token any more.
import { guid, integer, matching, record } from '../../../formats/shape.ts';
import { listFile } from '../list-file.ts';

const binding = record(
  {
    /** Object id of a managed identity of the directory. */
    identity: guid,
    /** The Unix user that a process runs as. */
    uid: integer(0, 0xffff_fffe),
  },
  {
    /** Links resolved, of the program that it runs; absent: any. */
    executable: matching(/^\/[^\0\r\n]{1,4095}$/, 'the absolute path of a program'),
  },
);
export type IdentityBinding = ReturnType<typeof binding>;

/** What the system says of the process at the other end of a connection. */
export interface LocalCaller {
  readonly uid: number;
  /** Of every process that holds the connection; absent: not asked, or not to be seen. */
  readonly executables?: readonly string[];
}

export const { read: readBindings, write: writeBindings } = listFile({
  file: 'identity-bindings.json',
  format: 'strongroom identity bindings 1',
  member: 'bindings',
  item: binding,
  cure: 'correct it, or remove it and bind again',
});

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
