// `strongroom custodian submit`: hands what custodians have signed to the register.
import { PacketError, readPacket } from '../../../formats/custodian-packet.ts';
import { printableJson, printableLine } from '../../../formats/printable.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { readInput } from '../../read-input.ts';
import { CUSTODIANS, type CustodianEntry, nameOf, VERSION } from './read-register.ts';

export const submit = command({
  name: 'custodian submit',
  summary: "hand custodians' signed packets to an HSM's register",
  operands: 'PACKET...',
  details: `
Takes packets that say: my share opens (acknowledge), my key is at hand (challenge), I hand over, I leave. Packets that carry
a share are not for the register: they recover an HSM or replace its custodians, see 'ceremony start'. Every packet is
tried; the exit code is 0 when all were taken.`,
  options: { ...instanceOptions, ...jsonOption },
  examples: ['strongroom custodian submit anna-acknowledge.json boris-acknowledge.json'],
  async run(values, files, terminal) {
    if (files.length === 0) throw new UsageError('name the packets');
    const client = openInstanceClient(values);
    const taken: unknown[] = [];
    let refused = 0;
    for (const file of files) {
      try {
        const packet = checkedPacket(file);
        const answer = await client.ask('POST', `${CUSTODIANS}/packets?${VERSION}`, { packet });
        taken.push(answer);
        const entry = answer as CustodianEntry & { readonly purpose: string };
        const taking = printableLine(`${entry.purpose} of ${nameOf(entry)}, now ${entry.state}`);
        if (!values.json) terminal.out(`${file}: ${taking}\n`);
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        terminal.err(`${file}: ${error.message}\n`);
        refused += 1;
      }
    }
    if (values.json) terminal.out(printableJson(taken));
    return refused === 0 ? 0 : 1;
  },
});

/** Seen before it is sent, so that a file which is no packet is told apart from one that the HSM refuses. */
function checkedPacket(file: string): unknown {
  const text = readInput(file).toString('utf8');
  try {
    readPacket(text);
  } catch (error) {
    if (error instanceof PacketError) throw new CommandError(error.message, { cause: error });
    throw error;
  }
  return JSON.parse(text) as unknown;
}
