// `strongroom network apply`: network rules that go back by themselves unless they are confirmed in time.

import { optionWords, ownCommand } from '../../../formats/own-command.ts';
import { printableJson } from '../../../formats/printable.ts';
import { command, jsonOption, UsageError } from '../../command.ts';
import { readDuration } from '../../duration.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { managementOptions, openManagedHsm } from '../../management-client.ts';
import { ruleOptions, rulesOf } from './rule-options.ts';

export const apply = command({
  name: 'network apply',
  summary: 'set network rules on trial: they go back unless they are confirmed in time',
  operands: 'NAME',
  details: `
The rules are in force when the command ends. The service itself takes them back at the deadline, whatever becomes of this
shell or of its own processes, unless 'strongroom network confirm' is given before. Try them with 'strongroom network plan'
first; what the rules leave out stays as it is. Without a deadline, at once and for good: az keyvault update-hsm.`,
  options: {
    ...hsmNameOption,
    ...ruleOptions,
    'confirm-within TIME (10m)': 'how long there is to confirm: 10s to 24h',
    ...managementOptions,
    ...jsonOption,
  },
  examples: ['strongroom network apply dev --allow 10.20.0.0/16 --default deny --confirm-within 10m'],
  async run(values, operands, terminal) {
    const name = hsmNameOf(values['hsm-name'], operands);
    const confirmWithinSeconds = readDuration(values['confirm-within']);
    if (confirmWithinSeconds < 10 || confirmWithinSeconds > 86_400) {
      throw new UsageError('--confirm-within is 10s to 24h');
    }
    const rules = rulesOf(values);
    const { data, arm, ca } = values;
    const hsm = await openManagedHsm(values, name);
    const trial = (await hsm.ask('PUT', '/networkTrial', { rules, confirmWithinSeconds })) as {
      readonly id: string;
      readonly until: string;
    };
    if (values.json) terminal.out(printableJson(trial));
    else {
      terminal.out(
        `The rules are in force. They go back at ${trial.until} unless you confirm them:\n` +
          `  ${ownCommand(`network confirm ${name}${optionWords({ data, arm, ca })}`)}\n`,
      );
    }
    return 0;
  },
});
