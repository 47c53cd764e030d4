import type { Command } from '../command.ts';
import { show as showSeparation } from './separation/show.ts';
import { strict } from './separation/strict.ts';

export const commands: readonly Command[] = [showSeparation, strict];
