// How the separation commands ask and show the mode.

import { printableJson, printableLine } from '../../../formats/printable.ts';
import { CommandError, jsonOption, type Terminal } from '../../command.ts';
import { type InstanceValues, instanceOf, instanceOptions, openInstanceClient } from '../../instance-client.ts';
import { dataRootOf } from '../../running.ts';
import { knownDirectory } from '../access/known-directory.ts';
import { administratorsIn, lineOf, peopleAmong, warningOn } from './administrators.ts';

export const separationOptions = { ...instanceOptions, ...jsonOption } as const;

export interface SeparationValues extends InstanceValues {
  readonly json: boolean;
}

/** @param change absent: only looks */
export async function answerSeparation(values: SeparationValues, terminal: Terminal, change?: object): Promise<number> {
  const instance = openInstanceClient(instanceOf(values));
  const answer = await instance.ask(change === undefined ? 'GET' : 'POST', '/strongroom/separation', change);
  const { mode, administrators, administratorIds: ids } = answer as Readonly<Record<string, unknown>>;
  if (typeof mode !== 'string' || typeof administrators !== 'number' || !(ids === undefined || isTexts(ids))) {
    throw new CommandError(`${instance.who} answered something that is no separation mode`);
  }
  const directory = await knownDirectory(values.url === undefined ? dataRootOf(values.data) : undefined);
  const known = directory === undefined || ids === undefined ? undefined : administratorsIn(directory, ids);
  const people = known === undefined ? undefined : [...peopleAmong(known)];
  if (values.json) {
    const who = known === undefined ? {} : { who: known, people };
    terminal.out(printableJson({ mode, administrators, administratorIds: ids, ...who }));
    return 0;
  }
  const only = mode === 'strict' ? '; of these only people administer' : '';
  terminal.out(`${mode}  (${administrators} with Administrator at / that does not end${only})\n`);
  for (const line of known?.map(lineOf) ?? ids ?? []) terminal.out(`  ${printableLine(line)}\n`);
  if (ids === undefined) terminal.out('  Who they are is shown to those who may read role assignments at /.\n');
  else if (known === undefined)
    terminal.out('  Who of them is a person, and who is there at all, their directory knows.\n');
  if (mode === 'strict') terminal.err(warningOn(people?.length, administrators));
  return 0;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
