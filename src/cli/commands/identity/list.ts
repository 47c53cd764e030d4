// `strongroom identity list`: which local users and programs are which managed identity.

import { readBindings } from '../../../control/directory/local-identity/bindings.ts';
import { readIdentityEndpoint } from '../../../control/directory/local-identity/endpoint-file.ts';
import { places } from '../../../deployment/data-layout.ts';
import { printableJson } from '../../../formats/printable.ts';
import { command, dataOption, jsonOption } from '../../command.ts';
import { dataRootOf } from '../../running.ts';
import { directoryOf } from './named-identity.ts';

export const list = command({
  name: 'identity list',
  summary: 'show the managed identities, and which local users and programs are bound to them',
  operands: '',
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom identity list', 'strongroom identity list --json'],
  async run({ data, json }, _operands, terminal) {
    const { control } = places(dataRootOf(data));
    const { managedIdentities } = await directoryOf(control);
    const bindings = await readBindings(control);
    const port = (await readIdentityEndpoint(control))?.port;
    const rows = managedIdentities.map(({ displayName, clientId, oid }) => ({
      identity: displayName,
      clientId,
      oid,
      bindings: bindings
        .filter(({ identity }) => identity === oid)
        .map(({ uid, executable }) => ({ uid, executable: executable ?? null })),
    }));
    if (json) terminal.out(printableJson({ port: port ?? null, identities: rows }));
    else {
      for (const row of rows) {
        terminal.out(`${row.identity}  client ${row.clientId}  object ${row.oid}\n`);
        for (const { uid, executable } of row.bindings)
          terminal.out(`  user ${uid}, ${executable ?? 'every program'}\n`);
        if (row.bindings.length === 0) terminal.out('  nobody is bound to it\n');
      }
      terminal.out(
        port === undefined ? 'the endpoint has not run yet\n' : `the endpoint is at http://127.0.0.1:${port}\n`,
      );
    }
    return 0;
  },
});
