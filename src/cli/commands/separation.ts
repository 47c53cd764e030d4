// `strongroom separation …`: whether duties are separated in an instance; from `strict` on, what an administrator does to roles
// needs a second one.

import { having } from '../../formats/having.ts';
import { printableLine } from '../../formats/printable.ts';
import { integer, list, text } from '../../formats/shape.ts';
import { type Answered, asking } from '../asking.ts';
import { type Command, command } from '../command.ts';
import { knownDirectory } from '../directory.ts';
import { instanceAnswerOptions, rootOf } from '../instance-client.ts';
import { administratorsIn, lineOf, peopleAmong, warningOn } from './separation/administrators.ts';

const PATH = '/strongroom/separation';
const separation = having({ mode: text, administrators: integer(0, 1_000_000) }, { administratorIds: list(text) });
const answered: Answered<ReturnType<typeof separation>> = {
  what: 'separation mode',
  read: separation,
  async shown({ mode, administrators, administratorIds: ids }, values) {
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
  },
};

export const commands: readonly Command[] = [
  command({
    name: 'separation show',
    summary: 'show whether duties are separated',
    options: instanceAnswerOptions,
    examples: ['strongroom separation show', 'strongroom separation show --as alice --json'],
    run: asking(answered, () => ['GET', PATH]),
  }),
  command({
    name: 'separation strict',
    summary: 'separate duties, for good',
    details: `
From then on nobody gives a role to themselves, administrative roles and role definitions need a second person, grants have a
reason, and applications administer nothing: the development administrator, which is one, included. There is no way back.

Two people do it, who both have Managed HSM Administrator at / without an end: the command is refused at first and names an
approval, the other one approves it, and the command is repeated.`,
    options: instanceAnswerOptions,
    examples: ['strongroom separation strict --as az', 'strongroom separation strict --as alice --hsm-name dev'],
    run: asking(answered, () => ['POST', PATH, { mode: 'strict' }]),
  }),
];
