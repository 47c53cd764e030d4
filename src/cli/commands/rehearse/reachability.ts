// `strongroom rehearse --depth reachability`: begins, goes on or ends, by what the instance knows; nothing is kept here.
import { replaceFile } from '../../../files/durable-file.ts';
import { ownCommand, shellWord } from '../../../formats/own-command.ts';
import { printableLine } from '../../../formats/printable.ts';
import { readRehearsal } from '../../../formats/rehearsal-record.ts';
import { handIn, readRegister } from '../../../tools/ceremony/hsm.ts';
import { type Answer, CommandError, type Terminal } from '../../command.ts';
import { AnswerError, type InstanceClient } from '../../instance-client.ts';
import { makeChallenge, nameOf, type OpenChallenge, packetIn, readChallenges } from '../custodian/read-register.ts';
import { type FiledRecord, filedWords, REHEARSALS, readRehearsals, VERSION } from './filed.ts';
import { keepRecord, keptText, rehearsalText } from './kept-record.ts';

interface ReachabilityOptions {
  readonly client: InstanceClient;
  /** Where the instance is, as options of a command. */
  readonly address: string;
  /** How long answers are taken, in days, when it begins. */
  readonly days: number;
  /** Where the challenge goes that custodians are to sign. */
  readonly out: string | undefined;
  readonly answers: readonly string[];
  readonly finish: boolean;
  readonly record: string | undefined;
}

/** @returns with exit code 0 when everyone has answered */
export async function rehearseReachability(options: ReachabilityOptions, terminal: Terminal): Promise<Answer> {
  const { client, out } = options;
  for (const file of options.answers) await takeAnswer(options, file, terminal);
  const found = await present(client);
  const open = found ?? (await makeChallenge(client, options.days));
  if (found === undefined)
    terminal.err(`A new rehearsal begins; answers are taken until ${printableLine(open.expires)}.\n`);
  if (out !== undefined) {
    const { challenge, domain, madeAt, expires } = open;
    await replaceFile(out, `${JSON.stringify({ challenge, domain, madeAt, expires }, null, 2)}\n`);
    terminal.err(`Send ${out} to every custodian: ${ownCommand(`custodian answer ${shellWord(out)} --key KEY.pem`)}\n`);
  }
  try {
    const filed = (await client.ask('POST', `${REHEARSALS}/reachability?${VERSION}`, {
      challenge: open.challenge,
      finish: options.finish,
    })) as FiledRecord;
    if (options.record !== undefined) await keepRecord(options.record, filed);
    const rehearsal = readRehearsal(filed.record);
    const text = rehearsalText(rehearsal) + keptText(filedWords(client, filed.id), options.record);
    return { json: { id: filed.id, ...rehearsal }, text, exit: rehearsal.verdict === 'passed' ? 0 : 1 };
  } catch (error) {
    if (!(error instanceof AnswerError) || error.status !== 409) throw error;
    return { ...(await whoIsMissing(options, open.challenge)), exit: 1 };
  }
}

async function takeAnswer({ client, address }: ReachabilityOptions, file: string, terminal: Terminal): Promise<void> {
  const { purpose, packet } = packetIn(file, `${file}: `);
  if (purpose !== 'challenge') {
    const answer = ownCommand('custodian answer challenge.json --key KEY.pem');
    throw new CommandError(
      `${file}: is a packet of purpose '${purpose}', and no answer: its custodian runs '${answer}' ('${ownCommand(`custodian submit ${shellWord(file)}${address}`)}' takes the other kinds)`,
    );
  }
  try {
    await handIn(client, packet);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    // The command is made to be repeated.
    const isKnown = error instanceof AnswerError && /answered this challenge already/.test(error.message);
    if (!isKnown) throw new CommandError(`${file}: ${error.message}`, { cause: error });
    terminal.err(`${file}: was handed in before\n`);
  }
}

/** The newest challenge that no rehearsal was recorded of. */
async function present(client: InstanceClient): Promise<OpenChallenge | undefined> {
  const { value } = await readRehearsals(client);
  const filed = new Set(value.map(({ challenge }) => challenge));
  return (await readChallenges(client)).find(({ challenge }) => !filed.has(challenge));
}

async function whoIsMissing({ client, out }: ReachabilityOptions, challenge: string): Promise<Answer> {
  const register = await readRegister(client);
  const open = (await readChallenges(client)).find((each) => each.challenge === challenge);
  const answers = new Map((open?.answers ?? []).map(({ custodian, at }) => [custodian, at]));
  const custodians = register.value
    .filter(({ left }) => left === undefined)
    .map((entry) => ({
      custodian: entry.custodian,
      name: nameOf(entry),
      contact: entry.contact ?? null,
      answered: answers.get(entry.custodian) ?? null,
    }));
  const lines = custodians.map(({ name, answered, contact }) => {
    const how = contact === null ? '' : ` (${contact})`;
    return answered === null ? `  MISSING   ${name}${how}\n` : `  answered  ${name}\n`;
  });
  const missing = custodians.filter(({ answered }) => answered === null).length;
  const text =
    `${missing} of ${custodians.length} are missing; answers are taken until ${printableLine(open?.expires ?? '')}. ` +
    (out === undefined
      ? 'Run this again with --out FILE for the challenge that every custodian signs, '
      : 'Run this again ') +
    'with --answer FILE for what they answer, or end it with --finish.\n';
  return { json: { verdict: 'waiting', challenge, until: open?.expires, custodians }, text: lines.join('') + text };
}
