import type { Command } from '../command.ts';
import { change as changeSeal } from './seal/change.ts';
import { show as showSeal } from './seal/show.ts';

export const commands: readonly Command[] = [showSeal, changeSeal];
