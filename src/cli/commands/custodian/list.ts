// `strongroom custodian list`: the register of an instance - who holds which share, and how many may be lost.

import { groupFingerprint } from '../../../formats/domain-identity.ts';
import { printableJson } from '../../../formats/printable.ts';
import { command, jsonOption } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { placeOf } from '../../same-place.ts';
import { type CustodianEntry, namingHint, readRegister } from './read-register.ts';

export const list = command({
  name: 'custodian list',
  summary: 'show who holds which share of an HSM, and how many may be lost',
  operands: '',
  details: `
The margin is the number of custodians that can be counted on (they have shown that their share opens, have not said that
they leave, and their key was heard of within a year) less the quorum. At 0 everyone is needed; below 0 the HSM might not
be recoverable. The exit code is 0 when the margin is above 0 and every share of the newest file was shown to open.`,
  options: { ...instanceOptions, ...jsonOption },
  examples: [
    'strongroom custodian list',
    'strongroom custodian list --url https://fin-prod-mhsm.managedhsm.example --ca ca.pem',
  ],
  async run(values, _operands, terminal) {
    const client = openInstanceClient(values);
    const { register, answer } = await readRegister(client);
    const { warnings, value, margin, reachable, required, unproven } = register;
    if (values.json) terminal.out(printableJson(answer));
    else {
      if (value.length > 0) terminal.out(tableOf(value));
      if (margin !== undefined) {
        terminal.out(`\nmargin  ${margin}  (${reachable} reachable, ${required} needed)\n`);
        terminal.out(`domain file         ${fileOf(register.domain)}\n`);
      }
      terminal.out(`domain fingerprint  ${groupFingerprint(register.domainFingerprint)}\n`);
    }
    for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
    terminal.err(namingHint(register, placeOf(values)));
    return margin !== undefined && margin > 0 && unproven === 0 ? 0 : 1;
  },
});

/** SHA-256 of the newest file, as a ceremony's report has it. */
function fileOf(domain: string | null): string {
  if (domain === null) return 'not seen';
  return `SHA-256 ${groupFingerprint(Buffer.from(domain, 'base64url').toString('hex'))}`;
}

const HEADINGS = ['share', 'who', 'state', 'since', 'proven', 'last answer', 'fingerprint'];

function tableOf(value: readonly CustodianEntry[]): string {
  const rows = value.map((each) => [
    each.left === undefined ? String(each.share) : '-',
    each.name ?? each.subject ?? '(no name yet)',
    STATES[each.state] ?? each.state,
    each.left === undefined ? day(each.since) : `${day(each.since)} to ${day(each.left)}`,
    day(each.proven?.at),
    day(each.answered),
    groupFingerprint(each.fingerprint),
  ]);
  const table = [HEADINGS, ...rows];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((row) => [...(row[column] ?? '')].length)));
  return table
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

const STATES: Readonly<Record<string, string>> = {
  notProven: 'not yet proven',
  provenEarlier: 'proven for an earlier file',
  proven: 'proven',
  silent: 'not heard of for a year',
  handingOver: 'handing over',
  leaving: 'leaving',
  left: 'left',
};

function day(at: string | undefined): string {
  return at === undefined ? '-' : at.slice(0, 10);
}
