// The HSM that a network command is about: its operand, or the option that other commands have for it.
import { type OptionList, UsageError } from '../../command.ts';

export const hsmNameOption = {
  'hsm-name': { type: 'string', placeholder: 'NAME', description: 'instead of the operand, as other commands have it' },
} as const satisfies OptionList;

/** @throws UsageError */
export function hsmNameOf(option: string | undefined, operands: readonly string[]): string {
  const [name = option, spare] = operands;
  if (name === undefined) throw new UsageError('name one instance');
  if (spare !== undefined || (option !== undefined && option !== name)) {
    throw new UsageError('name one instance, once');
  }
  return name;
}
