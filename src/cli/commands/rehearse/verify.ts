// `strongroom rehearse verify`: a record of a rehearsal, checked offline.
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { parseFingerprint } from '../../../tools/custodian/fingerprint.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { readKeptRecord, rehearsalText } from './kept-record.ts';

export const verifyRecord = command({
  name: 'rehearse verify',
  summary: 'check the record of a rehearsal, offline',
  operands: 'RECORD',
  wants: 'name one record',
  details: `
Checks that the security domain stated the record, and shows it. Give the domain's fingerprint as you have written it down:
without it, the record is only shown to be whole and signed by the key that it names.
The exit code is 0 when the record is good and the rehearsal passed, 1 otherwise.`,
  options: { 'domain-fingerprint HEX': 'of the security domain, 64 hex digits', ...jsonOption },
  examples: ["strongroom rehearse verify rehearsal.json --domain-fingerprint '1a2b 3c4d …'"],
  run({ 'domain-fingerprint': given }, [file]) {
    const { rehearsal, fingerprint } = readKeptRecord(file);
    const expected = given === undefined ? undefined : parseFingerprint(given);
    if (given !== undefined && expected === undefined) {
      throw new UsageError('--domain-fingerprint must be the whole fingerprint, 64 hex digits');
    }
    if (expected !== undefined && expected !== fingerprint) {
      throw new CommandError(
        `${file} is stated by the security domain ${groupFingerprint(fingerprint)}, not by the one that you named`,
      );
    }
    const note = 'signed by the key that it names; compare the fingerprint with the one that you wrote down\n';
    return {
      json: rehearsal,
      text: rehearsalText(rehearsal),
      note: given === undefined ? note : undefined,
      exit: rehearsal.verdict === 'passed' ? 0 : 1,
    };
  },
});
