import type { Command } from '../command.ts';
import { advance } from './clock/advance.ts';
import { reset } from './clock/reset.ts';
import { show as showClock } from './clock/show.ts';

export const commands: readonly Command[] = [advance, showClock, reset];
