// What of a ceremony others rely on: its signed report, made and verified, and the transfer key's fingerprint, which a second
// person asks of the HSM past whoever leads the ceremony.

import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { readCeremony, readKept } from '../../../tools/ceremony/ceremony.ts';
import { fetchTransferKey } from '../../../tools/ceremony/hsm.ts';
import { draftOf, makeReport } from '../../../tools/ceremony/report/report.ts';
import { verifyReport } from '../../../tools/ceremony/report/signed-report.ts';
import { REPORT_STEP } from '../../../tools/ceremony/step.ts';
import { parseFingerprint } from '../../../tools/custodian/fingerprint.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { AnswerError, asOption, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { readInput } from '../../read-input.ts';
import { folderOption, handOption, instanceIn, OF_FILES, withCeremony } from './open-folder.ts';

export const report = command({
  name: 'ceremony report',
  summary: 'close a ceremony with a signed report, in Markdown and as a page to print',
  operands: '',
  details: `
Every step must be done. The report is handed to the HSM, which records its hash and states it with the key of the security
domain; report.md and report.html in the folder hold the same. After that nothing can be added to the ceremony. Called again
it writes the same files again.`,
  options: {
    draft: 'print the report as it stands, unsigned, and change nothing',
    ...folderOption,
    ...handOption,
    ...asOption,
  },
  examples: ['strongroom ceremony report', 'strongroom ceremony report --draft'],
  explains: OF_FILES,
  run: (values) =>
    withCeremony(values, async (ceremony) => {
      if (values.draft) return draftOf(ceremony);
      const names = await makeReport(ceremony, () => instanceIn(ceremony, values.as));
      return names.map((name) => `${ceremony.folder}/${name}\n`).join('');
    }),
});

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
  explains: OF_FILES,
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

export const transferKey = command({
  name: 'ceremony transfer-key',
  summary: "ask an HSM for its transfer key's fingerprint, as a second person",
  operands: '',
  details: `
For whoever reads the fingerprint back in a recovery or a re-sharing: it comes from the HSM itself, and not from the file that
whoever leads the ceremony has sent. Works without the ceremony's folder, from any machine; nothing is changed. The certificate
is the same until the HSM has recovered its domain or settled its new custodians.`,
  options: { ...instanceOptions, ...jsonOption },
  examples: [
    'strongroom ceremony transfer-key --hsm-name west',
    'strongroom ceremony transfer-key --url https://west.managedhsm.example --ca ca.pem',
  ],
  async run(values) {
    const client = openInstanceClient(values);
    const what = `what ${client.who} answered`;
    // An HSM that waits for a domain shows its key at one place, one that serves at another.
    const { fingerprint, name } = await fetchTransferKey(client, what, 'upload').catch((error: unknown) => {
      if (!(error instanceof AnswerError && error.status === 409)) throw error;
      return fetchTransferKey(client, what, 'resharing');
    });
    const hint = `transfer key of ${name}, as ${client.who} shows it\n`;
    return { json: { fingerprint, name }, text: `${fingerprint}\n`, hint };
  },
});
