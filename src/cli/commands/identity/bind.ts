// `strongroom identity bind`: processes of a Unix user become a managed identity.

import {
  type IdentityBinding,
  readBindings,
  writeBindings,
} from '../../../control/directory/local-identity/bindings.ts';
import { places } from '../../../deployment/data-layout.ts';
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { directoryOf, identityNamed, programAt, uidOf } from './named-identity.ts';
import { folderHint, isOther } from './other-users.ts';

export const bind = command({
  name: 'identity bind',
  summary: 'let processes of a Unix user get the tokens of a managed identity',
  operands: 'IDENTITY',
  details: `
IDENTITY is the display name, client id or object id of a managed identity in the directory. Local processes of that user
ask the endpoint that 'strongroom env --identity IDENTITY' names; the system tells who asks, so no secret is needed.
With --executable only that program of the user is let in: that keeps other programs out by mistake, not on purpose, as a user
can make one program of theirs act for another. An interpreter stands for all its scripts. It holds at once.`,
  options: {
    'user USER': 'the Unix user, by name or number',
    'executable PATH': 'only this program; links are resolved now',
    ...dataOption,
    ...jsonOption,
  },
  examples: [
    'strongroom identity bind strongroom-dev-identity --user www-data',
    'strongroom identity bind strongroom-dev-identity --user 1000 --executable /usr/local/bin/signer',
  ],
  async run({ user, executable, data, json }, operands, terminal) {
    const [name, spare] = operands;
    if (name === undefined || spare !== undefined) throw new UsageError('name one managed identity');
    if (user === undefined) throw new UsageError('--user names the Unix user to bind');
    if (process.platform !== 'linux') {
      throw new CommandError(
        'only Linux tells which user is at the other end of a connection: there is no endpoint here',
      );
    }
    const { control } = places(dataRootOf(data));
    const identity = identityNamed(await directoryOf(control), name);
    const binding: IdentityBinding = {
      identity: identity.oid,
      uid: await uidOf(user),
      ...(executable === undefined ? {} : { executable: programAt(executable) }),
    };
    const before = await readBindings(control);
    const isThere = before.some((each) => isSameBinding(each, binding));
    if (!isThere) await writeBindings(control, [...before, binding]);
    if (json) terminal.out(printableJson(binding));
    else {
      const only = binding.executable === undefined ? 'every program' : binding.executable;
      terminal.out(
        `${only} of user ${binding.uid} ${isThere ? 'was' : 'is'} ${identity.displayName}${isThere ? ' already' : ''}\n`,
      );
      if (isOther(binding.uid)) terminal.err(folderHint([binding.uid], name, data));
    }
    return 0;
  },
});

export function isSameBinding(a: IdentityBinding, b: IdentityBinding): boolean {
  return a.identity === b.identity && a.uid === b.uid && a.executable === b.executable;
}
