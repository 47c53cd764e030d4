// `strongroom custodian name`: writes down in the register who a custodian is and how they are reached.
import { printableJson } from '../../../formats/printable.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { placeOf } from '../../same-place.ts';
import { CUSTODIANS, findCustodian, readRegister, VERSION } from './read-register.ts';

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
  async run(values, words, terminal) {
    if (words.length === 0) throw new UsageError('name the custodian');
    if (values.name === undefined && values.contact === undefined) throw new UsageError('give --name or --contact');
    const client = openInstanceClient(values);
    const { register } = await readRegister(client);
    const before = findCustodian(register, words, placeOf(values));
    const who = values.name ?? before.name;
    const contact = values.contact ?? before.contact;
    const answer = await client.ask('PUT', `${CUSTODIANS}/${before.custodian}?${VERSION}`, {
      ...(who === undefined ? {} : { name: who }),
      ...(contact === undefined ? {} : { contact }),
    });
    terminal.out(values.json ? printableJson(answer) : `${before.fingerprint}  ${who ?? ''}\n`);
    return 0;
  },
});
