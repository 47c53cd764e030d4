// Users that are bound to an identity and are not the one that runs this command: they can read nothing of the data
// directory, and so need the lines of `strongroom env` made for a folder of their own.
import { readBindings } from '../../../control/directory/local-identity/bindings.ts';
import { optionWords, ownCommand } from '../../../formats/own-command.ts';

/** @param oid the identity's object id */
export async function otherUsersBoundTo(control: string, oid: string): Promise<readonly number[]> {
  const uids = (await readBindings(control)).filter(({ identity }) => identity === oid).map(({ uid }) => uid);
  return [...new Set(uids)].filter(isOther);
}

/** Root reads everything. */
export function isOther(uid: number): boolean {
  return uid !== process.getuid?.() && uid !== 0;
}

export function folderHint(uids: readonly number[], identity: string, data: string | undefined): string {
  return (
    `user ${uids.join(', ')} cannot read the data directory; lines for a process of that user: ` +
    `${ownCommand(`env${optionWords({ identity, data })} --folder DIR`)}, where DIR is a folder of that user\n`
  );
}
