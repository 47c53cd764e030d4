// What the separation commands have in common: how the mode is asked for and shown.
import { CommandError, jsonOption, type OptionList, type Terminal } from '../../command.ts';
import { type InstanceValues, instanceOf, instanceOptions, openInstanceClient } from '../../instance-client.ts';

export const separationOptions = { ...instanceOptions, ...jsonOption } as const satisfies OptionList;

export interface SeparationValues extends InstanceValues {
  readonly json: boolean;
}

/** @param change absent: only looks */
export async function answerSeparation(values: SeparationValues, terminal: Terminal, change?: object): Promise<number> {
  const instance = openInstanceClient(instanceOf(values));
  const { mode, administrators } = (await instance.ask(
    change === undefined ? 'GET' : 'POST',
    '/strongroom/separation',
    change,
  )) as { readonly mode?: unknown; readonly administrators?: unknown };
  if (typeof mode !== 'string' || typeof administrators !== 'number') {
    throw new CommandError(`${instance.who} answered something that is no separation mode`);
  }
  if (values.json) terminal.out(`${JSON.stringify({ mode, administrators }, null, 2)}\n`);
  else {
    const people = mode === 'strict' ? '; of these only people administer' : '';
    terminal.out(`${mode}  (${administrators} with Administrator at / that does not end${people})\n`);
    if (mode === 'strict' && administrators < 3) {
      terminal.err(
        'With fewer than three, one who is away stops every change of administrators: see docs/guide/separation.md\n',
      );
    }
  }
  return 0;
}
