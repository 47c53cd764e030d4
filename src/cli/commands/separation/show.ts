// `strongroom separation show`: whether duties are separated in an instance.
import { command } from '../../command.ts';
import { answerSeparation, separationOptions } from './answer.ts';

export const show = command({
  name: 'separation show',
  summary: 'show whether duties are separated',
  operands: '',
  options: separationOptions,
  examples: ['strongroom separation show', 'strongroom separation show --as alice --json'],
  run: (values, _operands, terminal) => answerSeparation(values, terminal),
});
