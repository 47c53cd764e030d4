// `strongroom identity remove`: a binding gives no token any more.

import { readBindings, writeBindings } from '../../../control/directory/local-identity/bindings.ts';
import { places } from '../../../deployment/data-layout.ts';
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, dataOption, jsonOption, UsageError } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { directoryOf, identityNamed, uidOf } from './named-identity.ts';

export const remove = command({
  name: 'identity remove',
  summary: 'take the bindings of a managed identity to a Unix user away',
  operands: 'IDENTITY',
  details: `
From now on no token is given; tokens that were given work until they expire, an hour at most. To stop them at once, take the
identity's role assignments away.`,
  options: {
    'user USER': 'the Unix user, by name or number',
    'executable PATH': 'only the binding to this program, as listed',
    ...dataOption,
    ...jsonOption,
  },
  examples: ['strongroom identity remove strongroom-dev-identity --user www-data'],
  async run({ user, executable, data, json }, operands, terminal) {
    const [name, spare] = operands;
    if (name === undefined || spare !== undefined) throw new UsageError('name one managed identity');
    if (user === undefined) throw new UsageError('--user names the Unix user whose binding goes');
    const { control } = places(dataRootOf(data));
    const identity = identityNamed(await directoryOf(control), name);
    const uid = await uidOf(user);
    const before = await readBindings(control);
    const removed = before.filter(
      (each) =>
        each.identity === identity.oid &&
        each.uid === uid &&
        (executable === undefined || each.executable === executable),
    );
    if (removed.length === 0) throw new CommandError(`user ${uid} is not bound to ${identity.displayName} like that`);
    await writeBindings(
      control,
      before.filter((each) => !removed.includes(each)),
    );
    if (json) terminal.out(printableJson(removed));
    else terminal.out(`user ${uid} is not ${identity.displayName} any more\n`);
    return 0;
  },
});
