// What custodians are sent and run to give their share: the command as they can type it beside the files that they were sent.
import { join } from 'node:path';
import { optionWords } from '../../../formats/own-command.ts';
import type { Ceremony } from '../ceremony.ts';
import { custodianCommand } from '../named-commands.ts';
import { CERTIFICATES, peopleOf } from '../people.ts';
import { TRANSFER_FILE } from './transfer-key.ts';

/** @param domainFile in the ceremony's folder */
export function shareInstruction(purpose: 'recover' | 'reshare', ceremony: Ceremony, domainFile: string): string {
  const sent = `${join(ceremony.folder, TRANSFER_FILE)} (and ${join(ceremony.folder, domainFile)}, which they keep as well)`;
  const words = `share ${domainFile} --purpose ${purpose} --to ${TRANSFER_FILE}`;
  if (purpose === 'recover') {
    return `Send each custodian ${sent}. Each runs ${custodianCommand(words)} and hands over the packet.`;
  }
  const successors = peopleOf(ceremony).map(({ file }) => optionWords({ successor: file }));
  const named = `${words} --required ${ceremony.settings.required ?? 2}${successors.join('')}`;
  return (
    `Send each present custodian ${sent}, and the folder ${join(ceremony.folder, CERTIFICATES)}. Each runs, beside these, ` +
    `${custodianCommand(named)} and hands over the packet.`
  );
}
