// `strongroom separation …`: whether duties are separated in an instance; from `strict` on, what an administrator does to roles
// needs a second one.
import { printableLine } from '../../formats/printable.ts';
import { type Answer, type Command, CommandError, command } from '../command.ts';
import { knownDirectory } from '../directory.ts';
import { type InstanceValues, instanceAnswerOptions, openInstanceClient, rootOf } from '../instance-client.ts';
import { administratorsIn, lineOf, peopleAmong, warningOn } from './separation/administrators.ts';

export const commands: readonly Command[] = [
  command({
    name: 'separation show',
    summary: 'show whether duties are separated',
    operands: '',
    options: instanceAnswerOptions,
    examples: ['strongroom separation show', 'strongroom separation show --as alice --json'],
    run: (values) => separation(values),
  }),
  command({
    name: 'separation strict',
    summary: 'separate duties, for good',
    operands: '',
    details: `
From then on nobody gives a role to themselves, administrative roles and role definitions need a second person, grants have a
reason, and applications administer nothing: the development administrator, which is one, included. There is no way back.

Two people do it, who both have Managed HSM Administrator at / without an end: the command is refused at first and names an
approval, the other one approves it, and the command is repeated.`,
    options: instanceAnswerOptions,
    examples: ['strongroom separation strict --as az', 'strongroom separation strict --as alice --hsm-name dev'],
    run: (values) => separation(values, { mode: 'strict' }),
  }),
];

/** @param change absent: only looks */
async function separation(values: InstanceValues, change?: object): Promise<Answer> {
  const instance = openInstanceClient(values);
  const answer = await instance.ask(change === undefined ? 'GET' : 'POST', '/strongroom/separation', change);
  const { mode, administrators, administratorIds: ids } = answer as Readonly<Record<string, unknown>>;
  if (typeof mode !== 'string' || typeof administrators !== 'number' || !(ids === undefined || isTexts(ids))) {
    throw new CommandError(`${instance.who} answered something that is no separation mode`);
  }
  const directory = await knownDirectory(rootOf(values));
  const known = directory === undefined || ids === undefined ? undefined : administratorsIn(directory, ids);
  const people = known === undefined ? undefined : [...peopleAmong(known)];
  const only = mode === 'strict' ? '; of these only people administer' : '';
  const lines = [
    `${mode}  (${administrators} with Administrator at / that does not end${only})`,
    ...(known?.map(lineOf) ?? ids ?? []).map((line) => `  ${printableLine(line)}`),
    ...(ids === undefined ? ['  Who they are is shown to those who may read role assignments at /.'] : []),
    ...(ids !== undefined && known === undefined
      ? ['  Who of them is a person, and who is there at all, their directory knows.']
      : []),
  ];
  return {
    json: { mode, administrators, administratorIds: ids, ...(known === undefined ? {} : { who: known, people }) },
    text: lines.map((line) => `${line}\n`).join(''),
    hint: mode === 'strict' ? warningOn(people?.length, administrators) : '',
  };
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
