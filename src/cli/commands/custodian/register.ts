// The register of an instance: who holds which share and how many may be lost, who they are, and whether their keys are at hand.
import { groupFingerprint } from '../../../formats/fingerprint.ts';
import { printableJson, printableLine } from '../../../formats/printable.ts';
import { CUSTODIANS, type CustodianEntry, handIn, readRegister, VERSION } from '../../../tools/ceremony/hsm.ts';
import { groupedHash } from '../../../tools/custodian/fingerprint.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { targetOptions } from '../../same-place.ts';
import { labelled } from '../../show.ts';
import {
  findCustodian,
  makeChallenge,
  nameOf,
  namingHint,
  type OpenChallenge,
  packetIn,
  readChallenges,
} from './read-register.ts';

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
  async run(values) {
    const register = await readRegister(openInstanceClient(values));
    const { warnings, value, domain, margin, reachable, required, unproven } = register;
    const file = domain === null ? 'not seen' : `SHA-256 ${groupedHash(domain)}`;
    const text = [
      value.length === 0 ? '' : tableOf(value),
      margin === undefined ? '' : `\nmargin  ${margin}  (${reachable} reachable, ${required} needed)\n`,
      margin === undefined ? '' : `domain file         ${file}\n`,
      `domain fingerprint  ${groupFingerprint(register.domainFingerprint)}\n`,
    ];
    const warned = warnings.map((warning) => `warning: ${printableLine(warning)}\n`);
    return {
      json: register,
      text: text.join(''),
      note: warned.join('') + namingHint(register, targetOptions(values)),
      exit: margin !== undefined && margin > 0 && unproven === 0 ? 0 : 1,
    };
  },
});

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
  const lines = table.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
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

export const name = command({
  name: 'custodian name',
  summary: 'write down who a custodian is and how they are reached',
  operands: 'CUSTODIAN',
  details: `
CUSTODIAN is the fingerprint of their certificate as 'custodian list' shows it, the beginning of it (8 digits or more), or
the name they have so far. What is not given stays. Name and contact are kept sealed in the HSM and are not in its log.`,
  options: {
    'name NAME': 'who it is',
    'contact TEXT': 'how they are reached, and where the key lies',
    ...instanceOptions,
    ...jsonOption,
  },
  examples: ["strongroom custodian name 4f1c02aa --name 'Anna Novak' --contact '+420 555 0100, safe 3'"],
  async run(values, words) {
    if (words.length === 0) throw new UsageError('name the custodian');
    if (values.name === undefined && values.contact === undefined) throw new UsageError('give --name or --contact');
    const client = openInstanceClient(values);
    const before = findCustodian(await readRegister(client), words, targetOptions(values));
    const { name: who = before.name, contact = before.contact } = values;
    const json = await client.ask('PUT', `${CUSTODIANS}/${before.custodian}?${VERSION}`, {
      ...(who === undefined ? {} : { name: who }),
      ...(contact === undefined ? {} : { contact }),
    });
    return { json, text: `${before.fingerprint}  ${who ?? ''}\n` };
  },
});

export const challenge = command({
  name: 'custodian challenge',
  summary: 'make a challenge that custodians answer, or see who answered',
  operands: '',
  details: `
A challenge is 32 fresh bytes. Each custodian signs it offline with their key (nothing is opened), and the packet is handed
in by 'custodian submit'. It counts once for each custodian and ends by itself.`,
  options: {
    'days N (14)': 'how long it can be answered: 1 to 90',
    show: 'make none; show those that are open and who has answered',
    ...instanceOptions,
    ...jsonOption,
  },
  examples: ['strongroom custodian challenge --days 7', 'strongroom custodian challenge --show'],
  async run({ days, show, ...values }) {
    if (!/^[1-9][0-9]?$/.test(days)) throw new UsageError('--days must be a whole number from 1 to 90');
    const client = openInstanceClient(values);
    if (!show) {
      const made = await makeChallenge(client, Number(days));
      const { challenge: bytes, domain, expires } = made;
      return { json: made, text: labelled(Object.entries({ challenge: bytes, domain: `${domain}`, expires }), 11) };
    }
    const value = await readChallenges(client);
    // Names are for people.
    const holders = values.json ? [] : (await readRegister(client)).value;
    const text =
      value.length === 0 ? 'no challenge is open\n' : value.map((each) => challengeText(each, holders)).join('');
    return { json: { value }, text };
  },
});

function challengeText(
  { challenge: bytes, expires, answers = [] }: OpenChallenge,
  holders: readonly CustodianEntry[],
): string {
  const lines = answers.map(({ custodian, at }) => {
    const entry = holders.find((each) => each.custodian === custodian);
    return `  ${printableLine(`${at}  ${entry === undefined ? custodian : nameOf(entry)}`)}\n`;
  });
  const missing = holders.filter(
    ({ custodian, left }) => left === undefined && answers.every((each) => each.custodian !== custodian),
  );
  const silent = missing.length === 0 ? '' : `  no answer yet: ${missing.map(nameOf).join(', ')}\n`;
  return `${printableLine(`${bytes}  until ${expires}`)}\n${lines.join('')}${silent}`;
}

export const submit = command({
  name: 'custodian submit',
  summary: "hand custodians' signed packets to an HSM's register",
  operands: 'PACKET...',
  wants: 'name the packets',
  details: `
Takes packets that say: my share opens (acknowledge), my key is at hand (challenge), I hand over, I leave. Packets that carry
a share are not for the register: they recover an HSM or replace its custodians, see 'ceremony start'. Every packet is
tried; the exit code is 0 when all were taken.`,
  options: { ...instanceOptions, ...jsonOption },
  examples: ['strongroom custodian submit anna-acknowledge.json boris-acknowledge.json'],
  async run(values, files, terminal) {
    const client = openInstanceClient(values);
    const taken: unknown[] = [];
    for (const file of files) {
      try {
        const entry = (await handIn(client, packetIn(file).packet)) as CustodianEntry & { readonly purpose: string };
        taken.push(entry);
        const taking = printableLine(`${entry.purpose} of ${nameOf(entry)}, now ${entry.state}`);
        if (!values.json) terminal.out(`${file}: ${taking}\n`);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        terminal.err(`${file}: ${error.message}\n`);
      }
    }
    if (values.json) terminal.out(printableJson(taken));
    return taken.length === files.length ? 0 : 1;
  },
});
