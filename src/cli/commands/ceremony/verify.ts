// `strongroom ceremony verify`: checks a signed report offline, and the folder that it was made from, if that is at hand.

import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { printableJson } from '../../../formats/printable.ts';
import { readCeremony, readKept } from '../../../tools/ceremony/ceremony.ts';
import { CeremonyError } from '../../../tools/ceremony/ceremony-error.ts';
import { normalFingerprint } from '../../../tools/ceremony/people.ts';
import { verifyReport } from '../../../tools/ceremony/report/signed-report.ts';
import { REPORT_STEP } from '../../../tools/ceremony/step.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { readInput } from '../../read-input.ts';
import { shown } from './open-folder.ts';

export const verify = command({
  name: 'ceremony verify',
  summary: 'check the signed report of a ceremony, offline',
  operands: 'REPORT',
  details: `
REPORT is report.md or report.html. Without --fingerprint it tells which domain signed it, and that has to be compared with
what people know; with it, another domain is refused. With --folder the journal and every kept file are checked too.
The exit code is 0 when everything holds, 1 when not.`,
  options: {
    'fingerprint HEX': 'the domain fingerprint that you know',
    'folder DIR': "the ceremony's folder",
    ...jsonOption,
  },
  examples: ['strongroom ceremony verify report.html', "strongroom ceremony verify report.md --fingerprint '91ab ...'"],
  run({ fingerprint, folder, json }, [file, spare], terminal) {
    if (file === undefined || spare !== undefined) throw new UsageError('name one report');
    const expected = fingerprint === undefined ? undefined : normalFingerprint(fingerprint);
    if (expected !== undefined && !/^[0-9a-f]{64}$/.test(expected)) {
      throw new UsageError('--fingerprint must be the whole fingerprint, 64 hex digits');
    }
    return shown(async () => {
      const verified = verifyReport(readInput(file).toString('utf8'));
      if (expected !== undefined && expected !== verified.domainFingerprint) {
        throw new CeremonyError(
          `the report is signed by another domain: its fingerprint is ${groupFingerprint(verified.domainFingerprint)}`,
        );
      }
      if (folder !== undefined) checkFolder(folder, verified.id, verified.journalHead);
      if (json) terminal.out(printableJson(verified));
      else {
        const { id, kind, instance, complete, domainFingerprint, began, ended } = verified;
        terminal.out(
          `The report is as it was signed${folder === undefined ? '' : ', and so is everything in the folder'}.\n`,
        );
        terminal.out(`ceremony            ${id}\nkind                ${kind} of ${instance}\n`);
        terminal.out(
          `complete            ${complete ? 'yes' : 'no'}\nfrom                ${began}\nto                  ${ended}\n`,
        );
        terminal.out(`domain fingerprint  ${groupFingerprint(domainFingerprint)}\n`);
        if (fingerprint === undefined) terminal.err('compare the domain fingerprint with what you know\n');
      }
      return 0;
    });
  },
});

/** The journal goes on after the report by the lines that close it, and by no others. */
function checkFolder(folder: string, id: string, journalHead: string): void {
  const { id: own, entries } = readCeremony(folder);
  if (own !== id) throw new CeremonyError(`${folder} holds another ceremony: ${own}`);
  const closing = entries.find(({ step }) => step === REPORT_STEP);
  if (closing?.previous !== journalHead) {
    throw new CeremonyError(`the journal in ${folder} is not the one that the report was made from`);
  }
  const latest = new Map(entries.flatMap(({ file }) => (file === undefined ? [] : [[file.name, file] as const])));
  for (const file of latest.values()) readKept(folder, file);
}
