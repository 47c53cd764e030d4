// `strongroom rehearse verify`: checks the record of a rehearsal offline.

import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { printableJson } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { readKeptRecord, showRehearsal } from './kept-record.ts';

export const verifyRecord = command({
  name: 'rehearse verify',
  summary: 'check the record of a rehearsal, offline',
  operands: 'RECORD',
  details: `
Checks that the security domain stated the record, and shows it. Give the domain's fingerprint as you have written it down:
without it, the record is only shown to be whole and signed by the key that it names.
The exit code is 0 when the record is good and the rehearsal passed, 1 otherwise.`,
  options: {
    'domain-fingerprint HEX': 'of the security domain, 64 hex digits',
    ...jsonOption,
  },
  examples: ["strongroom rehearse verify rehearsal.json --domain-fingerprint '1a2b 3c4d …'"],
  run({ 'domain-fingerprint': expected, json }, operands, terminal) {
    const [file, spare] = operands;
    if (file === undefined || spare !== undefined) throw new UsageError('name one record');
    const { rehearsal, fingerprint } = readKeptRecord(file);
    const hex = expected?.replaceAll(/[\s:]/g, '').toLowerCase();
    if (hex !== undefined && !/^[0-9a-f]{64}$/.test(hex)) {
      throw new UsageError('--domain-fingerprint must be the whole fingerprint, 64 hex digits');
    }
    if (hex !== undefined && hex !== fingerprint) {
      throw new CommandError(
        `${file} is stated by the security domain ${groupFingerprint(fingerprint)}, not by the one that you named`,
      );
    }
    if (json) terminal.out(printableJson(rehearsal));
    else showRehearsal(rehearsal, terminal);
    if (hex === undefined)
      terminal.err('signed by the key that it names; compare the fingerprint with the one that you wrote down\n');
    return Promise.resolve(rehearsal.verdict === 'passed' ? 0 : 1);
  },
});
