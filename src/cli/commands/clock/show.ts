// `strongroom clock show`: the time of a development instance.
import { command } from '../../command.ts';
import { answerClock, clockOptions } from './answer.ts';

export const show = command({
  name: 'clock show',
  summary: "show a development instance's time",
  operands: '',
  options: clockOptions,
  examples: ['strongroom clock show', 'strongroom clock show --json'],
  run: (values, _operands, terminal) => answerClock(values, terminal),
});
