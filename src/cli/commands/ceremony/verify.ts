// `strongroom ceremony verify`: the signed report, and the folder if it is at hand, checked without the HSM.
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { readCeremony, readKept } from '../../../tools/ceremony/kept.ts';
import { verifyReport } from '../../../tools/ceremony/report/signed-report.ts';
import { REPORT_STEP } from '../../../tools/ceremony/step.ts';
import { parseFingerprint } from '../../../tools/custodian/fingerprint.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { readInput } from '../../read-input.ts';

export const verify = command({
  name: 'ceremony verify',
  summary: 'check the signed report of a ceremony, offline',
  operands: 'REPORT',
  wants: 'name one report',
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
  explains: { system: '' },
  run({ fingerprint, folder }, [file]) {
    const expected = fingerprint === undefined ? undefined : parseFingerprint(fingerprint);
    if (fingerprint !== undefined && expected === undefined) {
      throw new UsageError('--fingerprint must be the whole fingerprint, 64 hex digits');
    }
    const verified = verifyReport(readInput(file).toString('utf8'));
    const { id, kind, instance, complete, domainFingerprint, began, ended } = verified;
    const grouped = groupFingerprint(domainFingerprint);
    if (expected !== undefined && expected !== domainFingerprint) {
      throw new Refusal(`the report is signed by another domain: its fingerprint is ${grouped}`);
    }
    if (folder !== undefined) checkFolder(folder, id, verified.journalHead);
    const text =
      `The report is as it was signed${folder === undefined ? '' : ', and so is everything in the folder'}.\n` +
      `ceremony            ${id}\nkind                ${kind} of ${instance}\n` +
      `complete            ${complete ? 'yes' : 'no'}\nfrom                ${began}\nto                  ${ended}\n` +
      `domain fingerprint  ${grouped}\n`;
    const hint = fingerprint === undefined ? 'compare the domain fingerprint with what you know\n' : undefined;
    return { json: verified, text, hint };
  },
});

/** The journal goes on after the report by the lines that close it, and by no others. */
function checkFolder(folder: string, id: string, journalHead: string): void {
  const { id: own, entries } = readCeremony(folder);
  if (own !== id) throw new Refusal(`${folder} holds another ceremony: ${own}`);
  const closing = entries.find(({ step }) => step === REPORT_STEP);
  if (closing?.previous !== journalHead) {
    throw new Refusal(`the journal in ${folder} is not the one that the report was made from`);
  }
  const latest = new Map(entries.flatMap(({ file }) => (file === undefined ? [] : [[file.name, file] as const])));
  for (const file of latest.values()) readKept(folder, file);
}
