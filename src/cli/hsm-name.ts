// How commands name an instance: `--hsm-name` everywhere, and as a word too where the instance is what the verb is about.
import { UsageError } from './command.ts';

/** Of commands whose operand is NAME. */
export const hsmNameOption = {
  'hsm-name NAME': 'the instance, in place of the word NAME',
} as const;

/** Members of the row of a command that is about one instance: `hsm-name` is it, whichever way it was named. */
export const aboutOne = { operands: 'NAME', needs: { 'hsm-name': 'name one instance' } } as const;

/** @throws UsageError unless one instance is named */
export function hsmNameOf(option: string | undefined, operands: readonly string[]): string {
  const [name = option, spare] = operands;
  if (name === undefined) throw new UsageError('name one instance');
  if (spare !== undefined || (option !== undefined && option !== name)) {
    throw new UsageError('name one instance, once');
  }
  return name;
}
