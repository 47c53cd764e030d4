// `strongroom clock reset`: back to real time.
import { command } from '../../command.ts';
import { answerClock, clockOptions } from './answer.ts';

export const reset = command({
  name: 'clock reset',
  summary: 'set a development instance back to real time',
  operands: '',
  details: 'What has happened meanwhile stays: purged keys are gone, and keys made later than now have a date ahead.',
  options: clockOptions,
  examples: ['strongroom clock reset'],
  run: (values, _operands, terminal) => answerClock(values, terminal, { reset: true }),
});
