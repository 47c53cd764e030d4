// `strongroom release check`: reads a release policy as the service would, before a key is bound to it.
import { printableJson } from '../../../formats/printable.ts';
import { PolicyError } from '../../../formats/release-policy/grammar.ts';
import { describePolicy } from '../../../tools/release/simulate/simulate.ts';
import { CommandError, command, jsonOption, UsageError } from '../../command.ts';
import { readInput } from '../../read-input.ts';

export const check = command({
  name: 'release check',
  summary: 'read a release policy as the service would, and warn if no token can pass',
  operands: 'FILE',
  details: `
Prints the policy in canonical form, which is what a key is bound to. The exit code is 0 when the policy can pass, 1 when
it is refused or when some token that it names an authority for never passes.`,
  options: { ...jsonOption },
  examples: ['strongroom release check policy.json'],
  async run({ json }, [file, spare], terminal) {
    if (file === undefined || spare !== undefined) throw new UsageError('name one policy file');
    try {
      const { canonical, warnings } = describePolicy(readInput(file));
      if (json) terminal.out(printableJson({ canonical: JSON.parse(canonical) as unknown, warnings }));
      else terminal.out(`${canonical}\n`);
      for (const warning of warnings) terminal.err(`warning: ${warning}\n`);
      return warnings.length === 0 ? 0 : 1;
    } catch (error) {
      if (error instanceof PolicyError) throw new CommandError(`${file}: ${error.message}`, { cause: error });
      throw error;
    }
  },
});
