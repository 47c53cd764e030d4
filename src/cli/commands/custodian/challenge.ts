// `strongroom custodian challenge`: fresh bytes for custodians to sign, to show that their keys are at hand.

import { printableJson, printableLine } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { CUSTODIANS, nameOf, readRegister, VERSION } from './read-register.ts';

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
  async run(values, _operands, terminal) {
    if (!/^[1-9][0-9]?$/.test(values.days)) throw new UsageError('--days must be a whole number from 1 to 90');
    const client = openInstanceClient(values);
    const path = `${CUSTODIANS}/challenges?${VERSION}`;
    if (!values.show) {
      const made = (await client.ask('POST', path, { days: Number(values.days) })) as Shown;
      if (values.json) terminal.out(printableJson(made));
      else {
        const rows = [`challenge  ${made.challenge}`, `domain     ${made.domain}`, `expires    ${made.expires}`];
        for (const row of rows) terminal.out(`${printableLine(row)}\n`);
      }
      return 0;
    }
    const { value } = (await client.ask('GET', path)) as { readonly value?: readonly Shown[] };
    if (!Array.isArray(value)) throw new CommandError(`${client.who} did not answer with challenges`);
    if (values.json) {
      terminal.out(printableJson({ value }));
      return 0;
    }
    const { register } = await readRegister(client);
    const calledBy = (custodian: string): string => {
      const entry = register.value.find((each) => each.custodian === custodian);
      return entry === undefined ? custodian : nameOf(entry);
    };
    if (value.length === 0) terminal.out('no challenge is open\n');
    for (const { challenge: bytes, expires, answers } of value as readonly Shown[]) {
      terminal.out(`${printableLine(`${bytes}  until ${expires}`)}\n`);
      for (const { custodian, at } of answers ?? []) {
        terminal.out(`  ${printableLine(`${at}  ${calledBy(custodian)}`)}\n`);
      }
      const missing = register.value.filter(
        ({ custodian, left }) => left === undefined && answers?.every((each) => each.custodian !== custodian) !== false,
      );
      if (missing.length > 0) {
        terminal.out(`  no answer yet: ${missing.map(nameOf).join(', ')}\n`);
      }
    }
    return 0;
  },
});

interface Shown {
  readonly challenge: string;
  readonly domain: string;
  readonly expires: string;
  readonly answers?: readonly { readonly custodian: string; readonly at: string }[];
}
