// `strongroom ceremony start`: begins a ceremony in a folder of its own.

import { resolve } from 'node:path';
import { CEREMONY_KINDS, isCeremonyKind } from '../../../features/ceremony/recorded.ts';
import { optionWords, ownCommand } from '../../../formats/own-command.ts';
import { oneLine } from '../../../formats/printable.ts';
import { Ceremony } from '../../../tools/ceremony/ceremony.ts';
import { kinds } from '../../../tools/ceremony/kinds.ts';
import { command, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { folderOption, handOf, handOption, shown } from './open-folder.ts';

export const start = command({
  name: 'ceremony start',
  summary: 'begin a ceremony: activation, recovery or resharing',
  operands: 'KIND',
  details: `
Nothing is asked of the HSM yet. The folder keeps a journal that is only ever added to, and every file that comes in or goes
out with its hash; a ceremony goes on where it stopped, whatever stopped it. It never holds a private key.
  activation   certificates, fingerprints read back, the split, every share proven
  recovery     a new HSM takes a lost one's domain over from a quorum's packets
  resharing    a quorum settles new custodians or another quorum`,
  options: {
    ...folderOption,
    'custodians N': 'how many will hold a share: 3 to 10',
    'required M': 'how many of them will be needed: 2 to N',
    ...handOption,
    ...instanceOptions,
  },
  examples: [
    'strongroom ceremony start activation --custodians 5 --required 3 --hsm-name dev',
    'strongroom ceremony start recovery --folder lost-region --url https://new.managedhsm.example --ca ca.pem',
  ],
  async run(values, [kind, spare], terminal) {
    if (kind === undefined || spare !== undefined || !isCeremonyKind(kind)) {
      throw new UsageError(`name one kind: ${CEREMONY_KINDS.join(', ')}`);
    }
    const people = peopleIn(kind, values);
    // Refused here rather than in the middle.
    const { who } = openInstanceClient(values);
    return shown(async () => {
      using ceremony = Ceremony.start(
        values.folder,
        {
          kind,
          instance: oneLine(values.url === undefined ? values['hsm-name'] : who),
          ...people,
          address: {
            instance: values['hsm-name'],
            ...(values.url === undefined ? { data: resolve(dataRootOf(values.data)) } : { url: values.url }),
            ...(values.ca === undefined ? {} : { ca: resolve(values.ca) }),
          },
        },
        handOf(values),
      );
      terminal.out(`ceremony  ${ceremony.id}\nfolder    ${resolve(ceremony.folder)}\n`);
      for (const [index, { title }] of kinds[kind].entries()) terminal.out(`  ${index + 1}. ${title}\n`);
      terminal.out(
        `go on with: ${ownCommand(`ceremony next${optionWords({ folder: values.folder, as: values.as })}`)}\n`,
      );
      return 0;
    });
  },
});

function peopleIn(
  kind: string,
  { custodians, required }: { readonly custodians: string | undefined; readonly required: string | undefined },
): { readonly custodians?: number; readonly required?: number } {
  if (kind === 'recovery') {
    if (custodians !== undefined || required !== undefined) {
      throw new UsageError('a recovery keeps the custodians of its domain: no --custodians, no --required');
    }
    return {};
  }
  const count = Number(custodians);
  const quorum = Number(required);
  if (!Number.isInteger(count) || count < 3 || count > 10) throw new UsageError('--custodians must be 3 to 10');
  if (!Number.isInteger(quorum) || quorum < 2 || quorum > count) {
    throw new UsageError(`--required must be 2 to ${count}`);
  }
  return { custodians: count, required: quorum };
}
